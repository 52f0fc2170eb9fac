import Synchronization

/// How a file looks that this build publishes: as it was staged, and from its rename on, which alters its change time, as it looked
/// right behind that. A file that looks otherwise was touched by somebody else.
final class PublishedStatus: Sendable {
  private let staged: FileStatus
  /// Held during the rename, so that who meets the renamed file waits until it is known how that looks.
  private let placed = Mutex<FileStatus?>(nil)

  init(staged: FileStatus) { self.staged = staged }

  /// - Parameter body: renames the file, and looks at it.
  func place(_ body: () throws(FileSystemError) -> FileStatus?) throws(FileSystemError) {
    try placed.withLock { placed throws(FileSystemError) in
      guard let found = try body(), found.isSameFile(as: staged) else { return }
      placed = found
    }
  }

  func holds(for status: FileStatus) -> Bool {
    status == staged || status == placed.withLock { $0 }
  }

  /// Of the renamed file; nil: it is not renamed yet, or was another one right behind that.
  var afterwards: FileStatus? { placed.withLock { $0 } }
}

extension PublishedStatus: Equatable {
  static func == (left: PublishedStatus, right: PublishedStatus) -> Bool { left === right }
}
