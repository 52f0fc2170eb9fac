import JSONTape
import Receipts

/// What `export-preference` stops besides scored runs: a comparison, or a planned pair. Shown by its ids: a quarantine
/// file never carries the text of a run. Values are as they are written in the evidence; nil: there is none.
struct StoppedPair {
  var ids: [(StaticString, ByteSlice?)]
  var provenance: ByteSlice?
  /// The text itself.
  var recordedAt: ByteSlice?

  /// - Parameter buffer: overwritten.
  func append(_ stop: Stop, to sink: OutputSink, by buffer: ByteBuffer) {
    buffer.removeAll()
    var writer = JSONWriter(buffer)
    writer.beginObject()
    for (key, value) in ids {
      writer.key(key)
      writer.copy(value)
    }
    writer.endObject()
    QuarantineRow(
      stage: StageName.exportPreference.text, reason: stop.reason, errors: stop.errors, record: .json(buffer.bytes),
      provenance: provenance, recordedAt: recordedAt
    ).append(to: sink)
  }
}

extension JSONWriter {
  /// A value as it is written elsewhere; nil: null.
  mutating func copy(_ token: ByteSlice?) {
    if let token { raw(token) } else { null() }
  }
}
