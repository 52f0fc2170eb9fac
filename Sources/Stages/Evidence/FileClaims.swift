import Receipts

/// Which source each log belongs to. Kept sorted and merged in one pass a source: there may be a hundred thousand.
struct FileClaims {
  private var claims: [(path: RelativePath, owner: String)] = []

  /// Claims `files`, which are in the order of their paths.
  ///
  /// - Returns: the first file that another source has claimed, and which; nil: there is none.
  mutating func add(_ files: [LogFile], of owner: String) -> (path: RelativePath, owner: String)? {
    var merged: [(path: RelativePath, owner: String)] = []
    merged.reserveCapacity(claims.count + files.count)
    var next = claims.startIndex
    for file in files {
      while next < claims.endIndex, claims[next].path < file.path {
        merged.append(claims[next])
        next += 1
      }
      if next < claims.endIndex, claims[next].path == file.path { return claims[next] }
      merged.append((file.path, owner))
    }
    claims = merged + claims[next...]
    return nil
  }

  /// nil: nobody's.
  func owner(of path: RelativePath) -> String? {
    var low = 0
    var high = claims.count
    while low < high {
      let middle = (low + high) / 2
      if claims[middle].path < path { low = middle + 1 } else { high = middle }
    }
    return low < claims.count && claims[low].path == path ? claims[low].owner : nil
  }
}
