import JSONTape
import Receipts

/// The table in which duplicates are found: 32 bytes for each mapped object, in mapping order.
///
/// ```
///  0  16  first half of the SHA-256 of the canonical JSON of [source, kind, run_id]
/// 16   4  index of the file among those of the action, little-endian
/// 20   4  line or element, little-endian; more than 32 bits: the low ones
/// 24   1  verdict: 0 none, 1 accepted, 2 partially_accepted, 3 rejected, 4 skipped
/// 25   1  human_override: 0 none, 1 accepted, 2 partially_accepted, 3 rejected, 4 needs_human_review
/// 26   1  1: the mapping dropped it, because an earlier object of the chunk has the same identity and loses nothing by
/// that 27   1  zero
/// 28   4  of a judgement, the first bytes of the SHA-256 of its `about`; else zero
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
    var humanOverride: Category?
    /// Which run, and which text of it, a judgement is about.
    var about: UInt32 = 0
    var isDropped = false

    /// Does it say something of a run that must not get lost?
    var isSaying: Bool { verdict != nil || humanOverride != nil }
  }

  /// Does `row`, a duplicate of `first`, say nothing that must be kept?
  static func isDroppable(_ row: Row, first: Row) -> Bool {
    (row.verdict == nil || row.verdict == first.verdict)
      && (row.humanOverride == nil || row.humanOverride == first.humanOverride)
      && (!row.isSaying || row.about == first.about)
  }

  static func append(_ row: Row, to sink: OutputSink) {
    var writer = TableWriter(sink: sink)
    writer.hash(row.identity)
    writer.half(UInt32(truncatingIfNeeded: row.file))
    writer.half(UInt32(truncatingIfNeeded: row.line))
    writer.word(
      UInt64(code(row.verdict, verdicts)) | UInt64(code(row.humanOverride, overrides)) << 8
        | (row.isDropped ? 1 << 16 : 0) | UInt64(row.about) << 32)
    writer.endRow()
  }

  static func row(_ index: Int, of table: TableReader) -> Row {
    let codes = table.word(index, 24)
    return Row(
      identity: table.hash(index, 0), file: Int(table.half(index, 16)), line: Int(table.half(index, 20)),
      verdict: value(UInt8(truncatingIfNeeded: codes), verdicts),
      humanOverride: value(UInt8(truncatingIfNeeded: codes >> 8), overrides),
      about: UInt32(truncatingIfNeeded: codes >> 32), isDropped: codes >> 16 & 1 == 1)
  }

  private static let verdicts: [Verdict] = [.accepted, .partiallyAccepted, .rejected, .skipped]
  private static let overrides: [Category] = [.accepted, .partiallyAccepted, .rejected, .needsHumanReview]

  private static func code<Value: Equatable>(_ value: Value?, _ values: [Value]) -> UInt8 {
    value.flatMap { values.firstIndex(of: $0) }.map { UInt8($0 + 1) } ?? 0
  }

  private static func value<Value>(_ code: UInt8, _ values: [Value]) -> Value? {
    code >= 1 && code <= values.count ? values[Int(code) - 1] : nil
  }
}
