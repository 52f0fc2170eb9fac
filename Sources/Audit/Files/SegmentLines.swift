import JSONTape

/// A line of a file.
struct Line {
  /// Without its end; `JSONParser.padding` readable bytes follow.
  var bytes: ByteSlice
  var offset: Int
  /// 1-based.
  var number: Int
}

/// A segment of a file whose lines have been found, to be read.
struct SegmentLines: Sendable {
  let segment: Segment
  let view: FileView
  /// Places of the line ends in the file. The last line may have none.
  private let ends: [Int]

  /// - Parameter ends: of the lines of `segment`, as they were found on the way.
  init(_ segment: Segment, of view: FileView, ends: [Int]) {
    self.segment = segment
    self.view = view
    self.ends = ends
  }

  /// Looks for the line ends of a segment, which must lie in the file.
  init(_ segment: Segment, of view: FileView) {
    var ends: [Int] = []
    let bytes = view.bytes[segment.range]
    var place = 0
    while let end = bytes.firstIndex(of: UInt8(ascii: "\n"), from: place) {
      ends.append(segment.offset + end)
      place = end + 1
    }
    self.init(segment, of: view, ends: ends)
  }

  /// No fewer than there are lines.
  var count: Int { ends.count + 1 }

  func forEach(_ body: (Line) throws -> Void) rethrows {
    var start = segment.offset
    var number = segment.firstLine
    for end in ends {
      number += 1
      try body(Line(bytes: view.bytes[start..<end], offset: start, number: number))
      start = end + 1
    }
    if start < segment.range.upperBound {
      try body(Line(bytes: view.bytes[start..<segment.range.upperBound], offset: start, number: number + 1))
    }
  }
}
