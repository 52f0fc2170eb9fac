import JSONTape
import Receipts

/// What `export-preference` stops besides scored runs: a comparison, or a planned pair. Shown by its ids: a quarantine file
/// never carries the text of a run.
struct StoppedPair {
  var ids: [(StaticString, JSONValue?)]
  var provenance: JSONValue?
  var recordedAt: JSONValue?

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
      provenance: provenance?.token, recordedAt: recordedAt?.string
    ).append(to: sink)
  }
}
