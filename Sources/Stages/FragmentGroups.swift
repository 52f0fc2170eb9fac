import Receipts

/// Groups fragments that stand one behind the other, so that thousands of small partitions don't make thousands of
/// actions.
///
/// A group ends before it would grow past the chunk size. From a part of that on it also ends behind a fragment whose
/// path's SHA-256 starts with two zero bits: a cut that depends on that path alone, so that a partition that comes in
/// early or grows shifts only the next few groups.
enum FragmentGroups {
  /// - Parameters:
  ///   - size: bytes of a group.
  ///   - least: bytes from which on a path may end it; nil: an eighth of `size`.
  static func cut(
    _ fragments: [(path: RelativePath, byteCount: Int)], size: Int, least: Int? = nil
  ) -> [Range<Int>] {
    let least = least ?? size / 8
    var groups: [Range<Int>] = []
    var start = 0
    var openSize = 0
    for (index, fragment) in fragments.enumerated() {
      if index > start, openSize + fragment.byteCount > size {
        groups.append(start..<index)
        (start, openSize) = (index, 0)
      }
      openSize += fragment.byteCount
      if openSize >= least, Hash128(Digest.of(fragment.path.string)).high < 1 << 62 {
        groups.append(start..<index + 1)
        (start, openSize) = (index + 1, 0)
      }
    }
    if start < fragments.count { groups.append(start..<fragments.count) }
    return groups
  }
}
