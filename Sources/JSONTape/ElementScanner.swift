import Glibc

/// A step on the way to an array in a document.
public struct ElementStep: Sendable, Hashable {
  /// A member's name, and the array index that the same text names; nil: none.
  public var name: String
  public var index: Int?

  public init(name: String, index: Int?) {
    self.name = name
    self.index = index
  }
}

/// Finds the elements of one array of a JSON text that is fed to it block by block, so that a text of any size needs no
/// memory but for the brackets that are open, of which there are as many as its parser takes.
///
/// It only tells strings, brackets and commas apart. Whether an element is JSON, its parser says; whether the rest is,
/// the parser of the text with the array emptied. Where the way to the array has names with escapes, or names that
/// repeat, the array is not found.
public struct ElementScanner {
  public enum State: Sendable, Hashable {
    case seeking
    /// Between the brackets of the array.
    case inside
    /// Behind it. What follows is not looked at.
    case found
    /// No such array, or one whose brackets and commas are astray before its end, or brackets that are too deep in
    /// others.
    case astray
  }

  public private(set) var state = State.seeking
  /// Between its brackets; set when it was found.
  public private(set) var array: Range<Int>?
  /// Where the first bracket is that is too deep in others.
  public private(set) var tooDeep: Int?

  private struct Container {
    var isArray: Bool
    /// Do the steps so far lead here?
    var isOnPath: Bool
    /// The element that comes next.
    var index = 0
    /// Of an object: a name comes next, not a value.
    var expectsName: Bool
    /// Does the next value lie on the path?
    var leads: Bool
  }

  private let steps: [(name: [UInt8], index: Int?)]
  private var containers: [Container] = []
  private var position = 0
  private var isInString = false
  private var isEscaped = false
  /// Of a member that may be on the path; nil: no such name is being read.
  private var name: [UInt8]?
  private var arrayStart = 0
  private var elementStart: Int?
  /// Behind the last byte of the element that is not white space.
  private var elementEnd = 0
  private var hasComma = false

  public init(path: [ElementStep]) {
    steps = path.map { (Array($0.name.utf8), $0.index) }
  }

  /// - Parameters:
  ///   - block: the next bytes of the text.
  ///   - element: gets the range in the text of each element that ends in the block.
  public mutating func scan(_ block: ByteSlice, _ element: (Range<Int>) -> Void) {
    guard let base = block.buffer.baseAddress else { return }
    var next = 0
    while next < block.count, state == .seeking || state == .inside {
      if isInString {
        next = skipString(base, next, block.count)
      } else {
        take(base[next], at: position + next, element)
        next += 1
      }
    }
    position += block.count
  }

  /// Called when the text has ended.
  public mutating func finish() {
    if state != .found { state = .astray }
  }

  /// - Returns: behind the end of the string, or of the block.
  private mutating func skipString(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    var next = start
    if isEscaped {
      isEscaped = false
      name = nil
      next += 1
    }
    while next < end {
      guard let found = memchr(base + next, Int32(UInt8(ascii: "\"")), end - next) else {
        isEscaped = Self.backslashes(base, from: next, to: end) % 2 == 1
        keepName(base, next, end)
        touch(end)
        return end
      }
      let quote = UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
      keepName(base, next, quote)
      if Self.backslashes(base, from: next, to: quote) % 2 == 1 {
        name = nil
        next = quote + 1
        continue
      }
      isInString = false
      touch(quote + 1)
      return quote + 1
    }
    touch(end)
    return end
  }

  /// How many stand before `end`, without a gap.
  private static func backslashes(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
    var first = end
    while first > start, base[first - 1] == UInt8(ascii: "\\") { first -= 1 }
    return end - first
  }

  private mutating func keepName(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) {
    guard let kept = name else { return }
    // Longer than any name that is looked for, or not written out: some other.
    let longest = steps[containers.count - 1].name.count
    let bytes = UnsafeBufferPointer(start: base + start, count: end - start)
    if kept.count + bytes.count > longest || bytes.contains(UInt8(ascii: "\\")) {
      name = nil
    } else {
      name?.append(contentsOf: bytes)
    }
  }

  private mutating func touch(_ end: Int) {
    if state == .inside { elementEnd = position + end }
  }

  private mutating func take(_ byte: UInt8, at place: Int, _ element: (Range<Int>) -> Void) {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): return
    case UInt8(ascii: "\""):
      isInString = true
      if state == .inside {
        beginElement(at: place)
      } else if let last = containers.last, last.isOnPath, last.expectsName {
        name = []
      }
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      if state == .inside { beginElement(at: place) }
      open(isArray: byte == UInt8(ascii: "["), at: place)
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      close(isArray: byte == UInt8(ascii: "]"), at: place, element)
    case UInt8(ascii: ","):
      if state == .inside, containers.count == steps.count + 1 { return endElement(element, comma: true) }
      guard !containers.isEmpty else { return }
      containers[containers.count - 1].index += 1
      containers[containers.count - 1].expectsName = !containers[containers.count - 1].isArray
      aim()
    case UInt8(ascii: ":"):
      guard state == .seeking, let last = containers.last, last.isOnPath, last.expectsName else { return }
      containers[containers.count - 1].expectsName = false
      containers[containers.count - 1].leads = name.map { $0 == steps[containers.count - 1].name } ?? false
      name = nil
    default:
      if state == .inside { beginElement(at: place) }
    }
    if state == .inside, elementStart != nil { elementEnd = place + 1 }
  }

  private mutating func open(isArray: Bool, at place: Int) {
    guard containers.count < JSONParser.maximumDepth else {
      tooDeep = place
      state = .astray
      return
    }
    let isOnPath = state == .seeking && (containers.last.map { $0.isOnPath && $0.leads } ?? true)
    if isOnPath, containers.count == steps.count {
      guard isArray else {
        state = .astray
        return
      }
      containers.append(Container(isArray: true, isOnPath: true, expectsName: false, leads: false))
      state = .inside
      arrayStart = place + 1
      return
    }
    containers.append(Container(isArray: isArray, isOnPath: isOnPath, expectsName: !isArray, leads: false))
    aim()
  }

  /// In an array the place says whether the next value is on the path.
  private mutating func aim() {
    guard state == .seeking, let last = containers.last, last.isOnPath, last.isArray else { return }
    containers[containers.count - 1].leads = steps[containers.count - 1].index == last.index
  }

  private mutating func close(isArray: Bool, at place: Int, _ element: (Range<Int>) -> Void) {
    guard let last = containers.popLast(), last.isArray == isArray else {
      state = .astray
      return
    }
    if state == .inside, containers.count == steps.count {
      if elementStart != nil || hasComma { endElement(element, comma: false) }
      guard state == .inside else { return }
      array = arrayStart..<place
      state = .found
    } else if state == .seeking, last.isOnPath {
      // Left without having met the array.
      state = .astray
    }
  }

  private mutating func beginElement(at place: Int) {
    if elementStart == nil { elementStart = place }
  }

  private mutating func endElement(_ element: (Range<Int>) -> Void, comma: Bool) {
    guard let start = elementStart else {
      state = .astray
      return
    }
    element(start..<elementEnd)
    elementStart = nil
    hasComma = comma
  }
}
