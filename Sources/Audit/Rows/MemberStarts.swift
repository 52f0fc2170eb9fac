import JSONTape
import Stages

/// Where the values of the members of evidence rows start. Rows of it are lent without being counted: threads that
/// count the same thing wait for each other.
final class MemberStarts: @unchecked Sendable {
  // Written before anybody else has it.
  private let starts: UnsafeMutableBufferPointer<UInt32>
  private let keyLengths: UnsafeMutableBufferPointer<UInt32>

  /// Rows.
  let count: Int

  /// Members of a row.
  static let membersOfRow = RecordSchema.evidence.fields.count

  /// - Parameter parts: row by row, all members of each.
  init(_ parts: [[UInt32]] = []) {
    starts = .allocate(capacity: parts.reduce(0) { $0 + $1.count })
    var place = 0
    for part in parts {
      precondition(part.count % Self.membersOfRow == 0, "a row without all its members")
      place += UnsafeMutableBufferPointer(rebasing: starts[place...]).initialize(fromContentsOf: part)
    }
    // Bytes before each member's value, behind the one before: `,"text":`.
    keyLengths = .allocate(capacity: Self.membersOfRow)
    _ = keyLengths.initialize(fromContentsOf: RecordSchema.evidence.fields.map { UInt32($0.name.utf8.count + 4) })
    count = starts.count / Self.membersOfRow
  }

  deinit {
    starts.deallocate()
    keyLengths.deallocate()
  }

  /// - Parameter bytes: of the row, without its line end.
  /// - Returns: its members' values; valid as long as this and the bytes are there.
  func tokens(of row: Int, _ bytes: ByteSlice) -> EvidenceTokens {
    precondition(row >= 0 && row < self.count, "a row that is not there")
    let count = keyLengths.count
    return EvidenceTokens(
      row: bytes, starts: UnsafeBufferPointer(rebasing: starts[row * count..<(row + 1) * count]),
      keyLengths: UnsafeBufferPointer(keyLengths))
  }

  /// Asks for a row of it ahead of its use.
  func prefetch(_ row: Int) {
    let size = keyLengths.count * MemoryLayout<UInt32>.stride
    ByteSlice(UnsafeRawBufferPointer(starts)).prefetch(row * size..<(row + 1) * size)
  }
}
