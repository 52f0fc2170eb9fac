import JSONTape
import Receipts
import Stages

/// Where a row of evidence says its record is.
struct CompressedSpan: Sendable {
  var log: RelativePath
  var offset: Int
  var byteCount: Int
  var sigHash: String
  /// Of the row.
  var place: RowPlace

  /// - Parameter bytes: at the span; nil: the log has none there.
  func check(_ bytes: ByteSlice?, _ partitions: [RelativePath], _ signature: RecordSignature, _ log: FindingLog) {
    let found = bytes.flatMap(signature.of)
    guard found?.hex != sigHash else { return }
    let words =
      found.map { "they hash to \($0)" } ?? (bytes == nil ? "the log is shorter" : "they are no JSON")
    log.add(
      .provenanceMismatch, path: partitions[place.file].string, line: place.line, member: "provenance/sig_hash",
      expected: "\(sigHash), of the bytes \(offset)..<\(offset + byteCount) of \(self.log)", found: words)
  }
}

/// Checks spans of compressed logs: each log is decompressed once, and only what spans need is kept.
struct CompressedSpans {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let log: FindingLog
  let partitions: [RelativePath]
  let jobs: Int

  func check(_ spans: [CompressedSpan]) throws {
    let logs = Dictionary(grouping: spans, by: \.log).sorted { $0.key < $1.key }
    _ = try parallelMap(logs, jobs: jobs) { _, entry in try check(entry.key, entry.value) }
  }

  private func check(_ path: RelativePath, _ spans: [CompressedSpan]) throws {
    let bytes = ByteBuffer()
    guard try fileSystem.appendContents(of: layout.path(path), to: bytes) else { return }
    let text = try LogText(bytes.bytes, of: path)
    let signature = RecordSignature()
    let window = ByteBuffer()
    var start = 0
    var isAtEnd = false
    for span in spans.sorted(by: { $0.offset < $1.offset }) {
      while !isAtEnd, start + window.count < span.offset + span.byteCount {
        // Nothing before the span is needed again.
        if start + window.count <= span.offset {
          start += window.count
          window.removeAll()
        }
        window.append(count: 1 << 20) {
          let count = text.read(into: $0)
          isAtEnd = count == 0
          return count
        }
      }
      let first = span.offset - start
      let isThere = first >= 0 && first + span.byteCount <= window.count
      span.check(isThere ? window.slice(first..<first + span.byteCount) : nil, partitions, signature, log)
    }
    withExtendedLifetime(bytes) {}
  }
}
