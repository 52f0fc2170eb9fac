import JSONTape

/// Where a document is cut: between the elements of its array of records, which are found without parsing it.
struct ElementCuts {
  enum Outcome {
    case spans([LogCutter.Span], frame: ByteBuffer)
    /// The array is not there, or what stands around it is too large or too odd to be kept apart.
    case uncut
    /// The array is there, but brackets and commas in it are no JSON.
    case astray(String)
  }

  let path: [ElementStep]
  let size: Int

  func cut(_ file: LogFile) throws -> Outcome {
    let mark = try byteOrderMark(file)
    var scanner = ElementScanner(path: path)
    var spans: [LogCutter.Span] = []
    var open: (start: Int, end: Int, first: Int)?
    var elements = 0
    var boundary = size
    try file.read(mark..<file.count) { block in
      scanner.scan(block) { range in
        let range = range.lowerBound + mark..<range.upperBound + mark
        if let current = open, current.end >= boundary {
          spans.append(LogCutter.Span(bytes: current.start..<current.end, unitsBefore: current.first))
          boundary = (current.end / size + 1) * size
          open = nil
        }
        open = (open?.start ?? range.lowerBound, range.upperBound, open?.first ?? elements)
        elements += 1
      }
    }
    if let place = scanner.tooDeep {
      let depth = JSONParser.maximumDepth
      return .astray("not JSON: nesting deeper than \(depth) at byte \(place + mark) of the file")
    }
    let wasInside = scanner.state == .inside
    scanner.finish()
    if wasInside { return .astray("not JSON: the file ends in the middle of its records") }
    guard let array = scanner.array.map({ $0.lowerBound + mark..<$0.upperBound + mark }), let last = open else {
      return .uncut
    }
    spans.append(LogCutter.Span(bytes: last.start..<last.end, unitsBefore: last.first))
    guard file.count - mark - array.count <= size else { return .uncut }
    let frame = ByteBuffer()
    try file.read(mark..<array.lowerBound) { frame.append($0) }
    try file.read(array.upperBound..<file.count) { frame.append($0) }
    let parser = JSONParser()
    do {
      let root = try parser.parse(frame.bytes)
      return withExtendedLifetime(parser) { leads(toEmptyArray: root) } ? .spans(spans, frame: frame) : .uncut
    } catch {
      let offset = mark + error.offset + (mark + error.offset < array.lowerBound ? 0 : array.count)
      return .astray("not JSON: \(error.reason) at byte \(offset) of the file")
    }
  }

  private func byteOrderMark(_ file: LogFile) throws -> Int {
    var mark = 0
    try file.read(0..<min(3, file.count)) { mark = $0.byteOrderMark }
    return mark
  }

  /// The array must be where the parser finds it, too: a name that repeats would lead elsewhere.
  private func leads(toEmptyArray frame: JSONValue) -> Bool {
    var value = frame
    for step in path {
      switch value.kind {
      case .object:
        let found = value.members.filter { $0.key == step.name }
        guard found.count == 1 else { return false }
        value = found[0].value
      case .array:
        guard let index = step.index, let next = value.element(index) else { return false }
        value = next
      default: return false
      }
    }
    return value.kind == .array && value.elementCount == 0
  }
}
