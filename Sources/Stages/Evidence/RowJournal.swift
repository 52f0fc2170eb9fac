import Receipts

/// How long the outputs were when a record began, so that a bad one leaves no trace.
final class RowJournal {
  private var marks: [(sink: OutputSink, bytes: Int, records: Int)] = []

  func beginRecord() { marks.removeAll(keepingCapacity: true) }

  /// Called before the first row of the record goes to `sink`.
  func note(_ sink: OutputSink) {
    guard !marks.contains(where: { $0.sink === sink }) else { return }
    marks.append((sink, sink.buffer.count, sink.recordCount))
  }

  func rollBack() {
    for mark in marks {
      mark.sink.buffer.truncate(to: mark.bytes)
      mark.sink.recordCount = mark.records
    }
    marks.removeAll(keepingCapacity: true)
  }
}
