import JSONTape
import Receipts

/// The table in which duplicates are found: 32 bytes for each mapped object, in mapping order.
///
/// ```
///  0  16  first half of the SHA-256 of the canonical JSON of [source, kind, run_id]
/// 16   4  index of the file among those of the action, little-endian
/// 20   4  line or element, little-endian; more than 32 bits: the low ones
/// 24   1  verdict: 0 none, 1 accepted, 2 partially_accepted, 3 rejected, 4 skipped
/// 25   7  zero
/// ```
/// Half a hash is enough: a million million identities share one by chance once in 10^14 builds.
enum IdentityTable {
  static let rowSize = 32

  struct Row {
    var identity: Hash128
    /// Index among the action's files.
    var file: Int
    var line: Int
    var verdict: Verdict?
  }

  static func append(_ row: Row, to sink: OutputSink) {
    var writer = TableWriter(sink: sink)
    writer.hash(row.identity)
    writer.half(UInt32(truncatingIfNeeded: row.file))
    writer.half(UInt32(truncatingIfNeeded: row.line))
    writer.word(UInt64(code(row.verdict)))
    writer.endRow()
  }

  static func row(_ index: Int, of table: TableReader) -> Row {
    Row(
      identity: table.hash(index, 0), file: Int(table.half(index, 16)), line: Int(table.half(index, 20)),
      verdict: verdict(UInt8(truncatingIfNeeded: table.word(index, 24))))
  }

  private static let verdicts: [Verdict] = [.accepted, .partiallyAccepted, .rejected, .skipped]

  private static func code(_ verdict: Verdict?) -> UInt8 {
    verdict.flatMap { verdicts.firstIndex(of: $0) }.map { UInt8($0 + 1) } ?? 0
  }

  private static func verdict(_ code: UInt8) -> Verdict? {
    code >= 1 && code <= 4 ? verdicts[Int(code) - 1] : nil
  }
}
