/// Groups tables that stand one behind the other.
enum TableGroups {
  /// - Parameters:
  ///   - byteCounts: of the tables.
  ///   - size: bytes that a group has at most, unless it is one table.
  static func cut(_ byteCounts: [Int], size: Int) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var (start, openSize) = (0, 0)
    for (index, byteCount) in byteCounts.enumerated() {
      if index > start, openSize + byteCount > size {
        groups.append(start..<index)
        (start, openSize) = (index, 0)
      }
      openSize += byteCount
    }
    if start < byteCounts.count { groups.append(start..<byteCounts.count) }
    return groups
  }
}
