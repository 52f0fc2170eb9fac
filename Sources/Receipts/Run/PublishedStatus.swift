import Synchronization

/// How a file looks that this build publishes: as it was staged, and from its rename on, which alters its change time,
/// as it looked right behind that. One that looks otherwise may have been touched, so its bytes must tell.
final class PublishedStatus: Sendable {
  private let staged: FileStatus
  /// Held during the rename, so that who meets the renamed file waits until it is known how that looks.
  private let placed = Mutex<FileStatus?>(nil)

  init(staged: FileStatus) { self.staged = staged }

  /// - Parameters:
  ///   - status: of the file, wherever it is.
  ///   - rename: is in between two looks. Where the first finds the file touched, the second does not count.
  func place(
    status: () throws(FileSystemError) -> FileStatus?, rename: () throws(FileSystemError) -> Void
  ) throws(FileSystemError) {
    try placed.withLock { placed throws(FileSystemError) in
      let isSound = try status() == staged
      try rename()
      guard isSound, let found = try status(), found.isSameFile(as: staged) else { return }
      placed = found
    }
  }

  func holds(for status: FileStatus) -> Bool {
    status == staged || status == placed.withLock { $0 }
  }

  /// Of the renamed file; nil: it is not renamed yet, or was touched before.
  var afterwards: FileStatus? { placed.withLock { $0 } }
}

extension PublishedStatus: Equatable {
  static func == (left: PublishedStatus, right: PublishedStatus) -> Bool { left === right }
}
