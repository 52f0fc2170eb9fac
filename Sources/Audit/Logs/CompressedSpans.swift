import JSONTape
import Receipts
import Stages

/// Checks spans of compressed logs: each log is decompressed once, and only what spans need is kept.
struct CompressedSpans {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let log: FindingLog
  let partitions: [RelativePath]
  let jobs: Int

  func check(_ spans: [RecordSpan]) throws {
    let logs = Dictionary(grouping: spans, by: \.log).sorted { $0.key < $1.key }
    _ = try parallelMap(logs, jobs: jobs) { _, entry in try check(entry.key, entry.value) }
  }

  private func check(_ path: RelativePath, _ spans: [RecordSpan]) throws {
    let bytes = ByteBuffer()
    guard try fileSystem.appendContents(of: layout.path(path), to: bytes) else { return }
    let text = try LogText(bytes.bytes, of: path)
    let signature = RecordSignature()
    let window = ByteBuffer()
    var start = 0
    var isAtEnd = false
    for span in spans.sorted(by: { $0.bytes.lowerBound < $1.bytes.lowerBound }) {
      while !isAtEnd, start + window.count < span.bytes.upperBound {
        // Nothing before the span is needed again.
        if start + window.count <= span.bytes.lowerBound {
          start += window.count
          window.removeAll()
        }
        window.append(count: 1 << 20) {
          let count = text.read(into: $0)
          isAtEnd = count == 0
          return count
        }
      }
      let (first, end) = (span.bytes.lowerBound - start, span.bytes.upperBound - start)
      span.check(first >= 0 && end <= window.count ? window.slice(first..<end) : nil, partitions, signature, log)
    }
    withExtendedLifetime(bytes) {}
  }
}
