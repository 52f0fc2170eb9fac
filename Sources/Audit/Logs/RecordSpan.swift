import JSONTape
import Receipts
import Stages

/// Where a row of evidence says that its record is: bytes of the uncompressed log.
struct RecordSpan: Sendable {
  var log: RelativePath
  var bytes: Range<Int>
  var sigHash: String
  /// Of the row.
  var place: RowPlace

  /// The span that a provenance names; nil: none that a file can have.
  static func bytes(of provenance: JSONValue) -> Range<Int>? {
    bytes(offset: provenance.member("byte_offset")?.integer, count: provenance.member("byte_length")?.integer)
  }

  /// Anyone can write a row, so its numbers may be any of 64 bits.
  static func bytes(offset: Int64?, count: Int64?) -> Range<Int>? {
    guard let offset, let count, offset >= 0, count >= 0 else { return nil }
    let (end, isTooFar) = offset.addingReportingOverflow(count)
    return isTooFar ? nil : Int(offset)..<Int(end)
  }

  /// - Parameter bytes: at the span; nil: the log has none there.
  func check(_ bytes: ByteSlice?, _ partitions: [RelativePath], _ signature: RecordSignature, _ log: FindingLog) {
    let found = bytes.flatMap(signature.of)
    guard found?.hex != sigHash else { return }
    let words =
      found.map { "they hash to \($0)" } ?? (bytes == nil ? "the log is shorter" : "they are no JSON")
    log.add(
      .provenanceMismatch, path: partitions[place.file].string, line: place.line, member: "provenance/sig_hash",
      expected: "\(sigHash), of the bytes \(self.bytes) of \(self.log)", found: words)
  }
}
