import JSONTape
import Receipts
import Stages

/// The memory of one thread that reads rows: a parser for each row in use at a time, and buffers.
final class RowScratch {
  let parser = JSONParser()
  /// Of evidence.
  let row = RowReader(.evidence)
  let quarantine = RowReader(.quarantine)
  /// For the rows that the first one is compared with.
  let others = [JSONParser(), JSONParser()]
  let sha256 = SHA256()
  let text = ByteBuffer()
  /// For texts of `row` without their escapes.
  let plain = ByteBuffer()
  let folded = ByteBuffer()
  let members = RowMembers()
  let otherMembers = [RowMembers(), RowMembers()]
  /// The evidence that rows lead back to.
  let evidence: EvidenceRowReader

  init(evidence: EvidenceRowReader) { self.evidence = evidence }
}

/// The values of a record's members by their place, once its schema has said which stands where.
///
/// Kept behind a pointer: a class's own stored properties would cost an exclusivity check at each access.
final class RowMembers {
  private let values = UnsafeMutablePointer<JSONValue>.allocate(capacity: RowMembers.limit)
  private let count = UnsafeMutablePointer<Int>.allocate(capacity: 1)

  /// More members than any record has.
  private static let limit = 64

  init() { count.initialize(to: 0) }

  deinit {
    values.deallocate()
    count.deallocate()
  }

  func read(_ row: JSONValue) {
    var place = 0
    for (_, value) in row.members {
      precondition(place < Self.limit, "a row with more members than a schema has")
      (values + place).initialize(to: value)
      place += 1
    }
    count.pointee = place
  }

  subscript(place: Int) -> JSONValue {
    precondition(place >= 0 && place < count.pointee, "a member that the row has not")
    return values[place]
  }
}
