import Glibc
import JSONTape

/// Where a log of lines is cut: at the first line end at or past each multiple of the size. Only a little is read at each.
enum LineCuts {
  static func spans(of file: LogFile, size: Int) throws -> [LogCutter.Span] {
    var spans: [LogCutter.Span] = []
    var start = 0
    var boundary = size
    while boundary < file.count, let end = try lineEnd(from: boundary - 1, in: file), end < file.count {
      spans.append(LogCutter.Span(bytes: start..<end, unitsBefore: nil))
      start = end
      boundary = (end / size + 1) * size
    }
    spans.append(LogCutter.Span(bytes: start..<file.count, unitsBefore: nil))
    return spans
  }

  /// Behind the first line end at or after `place`; nil: there is none.
  private static func lineEnd(from place: Int, in file: LogFile) throws -> Int? {
    var position = place
    var found: Int?
    var length = 16 << 10
    while found == nil, position < file.count {
      let range = position..<min(position + length, file.count)
      try file.read(range) { bytes in
        guard found == nil else { return }
        if let base = bytes.buffer.baseAddress, let hit = memchr(base, 0x0A, bytes.count) {
          found = position + UnsafeRawPointer(base).distance(to: UnsafeRawPointer(hit)) + 1
        }
        position += bytes.count
      }
      length = LogCutter.block
    }
    return found
  }
}
