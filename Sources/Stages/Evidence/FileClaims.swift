import Receipts

/// Which source each log belongs to. Lists of files as they were found: there may be a hundred thousand.
struct FileClaims {
  private var claims: [(owner: String, files: [LogFile])] = []

  /// Claims `files`, which are in the order of their paths.
  ///
  /// - Returns: the first file that another source has claimed, and which; nil: there is none.
  mutating func add(_ files: [LogFile], of owner: String) -> (path: RelativePath, owner: String)? {
    var first: (path: RelativePath, owner: String)?
    for claim in claims {
      guard let path = Self.firstShared(files, claim.files), first.map({ path < $0.path }) ?? true else { continue }
      first = (path, claim.owner)
    }
    claims.append((owner, files))
    return first
  }

  /// nil: nobody's.
  func owner(of path: RelativePath) -> String? {
    claims.first { $0.files.hasFile(at: path) }?.owner
  }

  /// Looks each file of the shorter list up in the other, and none where one list ends before the other begins.
  private static func firstShared(_ left: [LogFile], _ right: [LogFile]) -> RelativePath? {
    guard left.count <= right.count else { return firstShared(right, left) }
    guard let first = left.first, let last = left.last, right[0].path <= last.path,
      first.path <= right[right.count - 1].path
    else { return nil }
    var rest = right[...]
    for file in left {
      rest = rest[rest.place(of: file.path)...]
      guard let next = rest.first else { return nil }
      if next.path == file.path { return file.path }
    }
    return nil
  }
}

extension RandomAccessCollection where Element == LogFile, Index == Int {
  /// - Precondition: the files are in the order of their paths.
  func hasFile(at path: RelativePath) -> Bool {
    let index = place(of: path)
    return index < endIndex && self[index].path == path
  }

  /// Of the first file whose path is not before `path`.
  fileprivate func place(of path: RelativePath) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = (low + high) / 2
      if self[middle].path < path { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
