import SystemPackage

extension Build {
  /// Tells the catalog where the fragments of a stage's published outputs are, so that those that stay need not be made again.
  ///
  /// - Parameters:
  ///   - key: of the stage's newest receipt.
  ///   - inPlace: its outputs that are as it says.
  /// - Returns: the fragments, for when the outputs are replaced.
  func locateFragments(stageKey key: Digest, inPlace: [RelativePath: Digest]) throws -> [Digest] {
    guard !inPlace.isEmpty, let table = try FragmentTable.load(stageKey: key, from: cache) else { return [] }
    var located: [Digest] = []
    for path in inPlace.keys {
      guard let fragments = table.fragments[path],
        let status = try fileSystem.status(of: layout.path(path), followingLinks: false),
        fragments.reduce(0, { $0 + Int64($1.byteCount) }) == status.size
      else { continue }
      var offset: Int64 = 0
      for fragment in fragments {
        let slice = FileSlice(
          path: layout.path(path), name: path.string, offset: offset, byteCount: fragment.byteCount, status: status,
          isCopy: true)
        if catalog.addCopy(slice, of: fragment.digest) { located.append(fragment.digest) }
        offset += Int64(fragment.byteCount)
      }
    }
    return located
  }
}
