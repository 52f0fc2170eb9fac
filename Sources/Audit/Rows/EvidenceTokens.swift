import JSONTape
import Stages

/// The members of an evidence row as they are written, found by where they start: the row is not parsed again.
struct EvidenceTokens {
  /// Without its line end.
  let row: ByteSlice
  /// Of the values of the row's members, from the row's first byte.
  let starts: UnsafeBufferPointer<UInt32>
  /// Bytes before each member's value, behind the one before.
  let keyLengths: UnsafeBufferPointer<UInt32>

  /// Where the values of a row start that is written as this program writes it.
  static func appendStarts(_ row: RowReader, to starts: inout [UInt32]) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: MemberStarts.membersOfRow) { places in
      for (place, member) in EvidenceField.all.enumerated() {
        places.initializeElement(at: place, to: UInt32(truncatingIfNeeded: row.range(member)?.lowerBound ?? 0))
      }
      starts.append(contentsOf: places)
    }
  }

  /// The value of a member; nil: the file is not what it was.
  func token(_ member: Int) -> ByteSlice? {
    precondition(member >= 0 && member < starts.count, "a member that the row has not")
    let start = Int(starts[member])
    let end =
      member + 1 < starts.count ? Int(starts[member + 1]) - Int(keyLengths[member + 1]) : row.count - 1
    guard start < end, end <= row.count else { return nil }
    return row[start..<end]
  }

  /// The digits of a number that starts there.
  func number(at start: Int) -> ByteSlice? {
    var end = start
    while end < row.count, row[end] != UInt8(ascii: ","), row[end] != UInt8(ascii: "}") { end += 1 }
    return end < row.count ? row[start..<end] : nil
  }

  /// A text as it is escaped, without its quotes; nil: it is none.
  func text(_ member: Int) -> ByteSlice? {
    guard let token = token(member), token.count >= 2, token[0] == UInt8(ascii: "\""),
      token[token.count - 1] == UInt8(ascii: "\"")
    else { return nil }
    return token[1..<token.count - 1]
  }

  /// The 64 hex digits at the end of the provenance: `…,"sig_hash":"…","recorded_at":null}`, where that is the row's
  /// timestamp.
  var sigHash: ByteSlice? {
    guard let provenance = token(EvidenceMember.provenance), let time = token(EvidenceMember.timestamp) else {
      return nil
    }
    let (before, behind) = (#","sig_hash":""# as StaticString, #"","recorded_at":"# as StaticString)
    let end = provenance.count - 1 - time.count - behind.utf8CodeUnitCount
    let start = end - 64
    guard start >= before.utf8CodeUnitCount, provenance[end..<provenance.count].hasPrefix(behind),
      provenance[start - before.utf8CodeUnitCount..<start].hasPrefix(before),
      provenance[start..<end].firstIndex(of: UInt8(ascii: "\"")) == nil
    else { return nil }
    return provenance[start..<end]
  }
}
