import JSONTape
import Stages

/// The members of an evidence row as they are written, found by where they start: the row is not parsed again.
struct EvidenceTokens {
  /// Without its line end.
  let row: ByteSlice
  /// Of the values of the row's members, from the row's first byte.
  let starts: ArraySlice<UInt32>

  /// Members of a row.
  static let count = RecordSchema.evidence.fields.count
  /// What stands before each member's value, in a row as this program writes it.
  private static let keys: [[UInt8]] = RecordSchema.evidence.fields.map { Array(",\"\($0.name)\":".utf8) }

  /// Where the values of a parsed row start.
  static func appendStarts(_ members: RowMembers, to starts: inout [UInt32]) {
    for place in 0..<count { starts.append(UInt32(truncatingIfNeeded: members[place].sourceOffset)) }
  }

  /// The value of a member; nil: something else than the next member's key follows, so its end is not known.
  func token(_ member: Int) -> ByteSlice? {
    let start = Int(starts[starts.startIndex + member])
    guard member + 1 < Self.count else {
      return row.count > start && row[row.count - 1] == UInt8(ascii: "}") ? row[start..<row.count - 1] : nil
    }
    let next = Int(starts[starts.startIndex + member + 1])
    let key = Self.keys[member + 1]
    let end = next - key.count
    guard end > start, key.withUnsafeBytes({ ByteSlice($0) == row[end..<next] }) else { return nil }
    return row[start..<end]
  }

  /// A string with its quotes, wherever it ends; nil: it is none.
  func string(_ member: Int) -> ByteSlice? {
    if let token = token(member) { return token.buffer.first == UInt8(ascii: "\"") ? token : nil }
    var rest = RowMatch(row[min(row.count, Int(starts[starts.startIndex + member]))..<row.count])
    return rest.takeString()
  }

  /// A text as it is escaped, without its quotes; nil: it is none.
  func text(_ member: Int) -> ByteSlice? {
    guard let token = token(member), token.count >= 2, token[0] == UInt8(ascii: "\""),
      token[token.count - 1] == UInt8(ascii: "\"")
    else { return nil }
    return token[1..<token.count - 1]
  }
}
