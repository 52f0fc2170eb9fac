import Glibc
import JSONTape
import Receipts
import SystemPackage

/// Looks for single lines in files that may be large.
final class LineSearch {
  struct Found {
    /// 1-based.
    var number: Int
    var text: ByteBuffer
  }

  /// Ends a search.
  private struct Stop: Error {}

  private let fileSystem: any FileSystem
  private let layout: WorkspaceLayout
  private let parser = JSONParser()

  init(fileSystem: any FileSystem, layout: WorkspaceLayout) {
    self.fileSystem = fileSystem
    self.layout = layout
  }

  /// The first line that holds the bytes of `needle` and is meant; nil: there is none, or no such file.
  func lines(of path: RelativePath, with needle: String, where isMeant: (JSONValue) -> Bool) throws -> Found? {
    try search(path) { line in
      guard needle.withBytes({ Self.contains(line.bytes, $0) }), let row = try? parser.parse(line.bytes) else {
        return false
      }
      return isMeant(row)
    }
  }

  private static func contains(_ text: ByteSlice, _ needle: ByteSlice) -> Bool {
    guard let base = text.buffer.baseAddress, let wanted = needle.buffer.baseAddress else { return false }
    var start = 0
    while text.count - start >= needle.count,
      let found = memchr(base + start, Int32(wanted[0]), text.count - start - needle.count + 1)
    {
      if memcmp(found, wanted, needle.count) == 0 { return true }
      start = UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found)) + 1
    }
    return false
  }

  func line(_ number: Int, of path: RelativePath) throws -> Found? {
    try search(path) { $0.number == number }
  }

  private func search(_ path: RelativePath, where isMeant: (Line) -> Bool) throws -> Found? {
    guard let view = try FileView(layout.path(path), of: fileSystem) else { return nil }
    let scan = FileScan.scan(view)
    var found: Found?
    for segment in scan.segments where found == nil {
      do {
        try SegmentLines(segment, of: view).forEach { line in
          guard isMeant(line) else { return }
          let text = ByteBuffer(capacity: line.bytes.count)
          text.append(line.bytes)
          found = Found(number: line.number, text: text)
          throw Stop()
        }
      } catch is Stop {}
    }
    return found
  }
}
