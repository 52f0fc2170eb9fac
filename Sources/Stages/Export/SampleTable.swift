import JSONTape
import Receipts

/// What the exporters tell of each sample, for what must be decided over all of them: 48 bytes a row: sample id (8),
/// half the SHA-256 of the task id (16; zero: not asked for), half the SHA-256 of the folded prompt and text (16; zero
/// where not asked for), length of the text in UTF-16 code units (4), line of `scored` (4).
struct SampleTable {
  static let rowWidth = 48
  private var writer: TableWriter

  init(_ sink: OutputSink) { writer = TableWriter(sink: sink) }

  mutating func add(id: UInt64, task: Hash128, texts: Hash128, length: Int, row: Int64) {
    writer.word(id)
    writer.hash(task)
    writer.hash(texts)
    writer.half(UInt32(clamping: length))
    writer.half(UInt32(row))
    writer.endRow()
  }
}
