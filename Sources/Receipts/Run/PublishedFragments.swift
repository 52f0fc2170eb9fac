import SystemPackage

extension Build {
  /// Tells the catalog where the fragments of a stage's published outputs are, so that those that stay need not be made
  /// again.
  ///
  /// - Parameters:
  ///   - key: of a receipt of the stage, or of one that a publication was interrupted before.
  ///   - inPlace: outputs that are known to be as the newest receipt says.
  ///   - others: other outputs, too. Their bytes are hashed when they are read.
  /// - Returns: the fragments, for when the outputs are replaced.
  func locateFragments(stageKey key: Digest, inPlace: [RelativePath: Digest], others: Bool) throws -> [Digest] {
    guard let table = try fragmentTable(of: key) else { return [] }
    var located: [Digest] = []
    for (path, fragments) in table.fragments where others || inPlace[path] != nil {
      guard let status = try fileSystem.status(of: layout.path(path), followingLinks: false), status.kind == .regular,
        fragments.reduce(0, { $0 + Int64($1.byteCount) }) == status.size
      else { continue }
      // Looked at anew: somebody may have changed it since it was found to be as the receipt says.
      let isInPlace = inPlace[path] != nil && index.known(path.string, status) == inPlace[path]
      guard others || isInPlace else { continue }
      var offset: Int64 = 0
      for fragment in fragments {
        let slice = FileSlice(
          path: layout.path(path), name: path.string, offset: offset, byteCount: fragment.byteCount,
          trust: isInPlace ? .unchanged(status) : .none, isCopy: true)
        if catalog.addCopy(slice, of: fragment.digest) { located.append(fragment.digest) }
        offset += Int64(fragment.byteCount)
      }
    }
    return located
  }
}
