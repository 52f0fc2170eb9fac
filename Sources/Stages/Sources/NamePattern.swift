/// A pattern of one file or folder name, without `**`.
struct NamePattern: Sendable, Hashable {
  /// Code points, both ends included.
  struct ScalarSet: Sendable, Hashable {
    var ranges: [ClosedRange<UInt32>]
    var negated: Bool

    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } != negated }
  }

  enum Item: Sendable, Hashable {
    case literal([UInt8])
    case anyOne
    case set(ScalarSet)
    /// `*` (at least 0 characters, not captured) or `{name}` (at least 1).
    case run(capture: String?)
  }

  let items: [Item]

  var captureNames: [String] {
    items.compactMap { if case .run(let name?) = $0 { name } else { nil } }
  }

  /// The only name that matches, where there is no wildcard.
  var literal: String? {
    if items.count == 1, case .literal(let bytes) = items[0] { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  init(_ text: Substring) throws(GlobError) {
    var parser = NamePatternParser(text)
    items = try parser.items()
  }

  func matches(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    var runs: [Range<Int>]?
    return matches(name, runs: &runs)
  }

  /// - Parameter name: one that matches.
  func capture(_ name: UnsafeBufferPointer<UInt8>, into captures: inout [String: String]) {
    var runs: [Range<Int>]? = []
    guard matches(name, runs: &runs), let runs else { return }
    var run = 0
    for case .run(let capture) in items {
      if let capture { captures[capture] = String(decoding: name[runs[run]], as: UTF8.self) }
      run += 1
    }
  }

  /// - Parameter runs: nil: not wanted; else set to what each `.run` took.
  private func matches(_ name: UnsafeBufferPointer<UInt8>, runs: inout [Range<Int>]?) -> Bool {
    if name.first == UInt8(ascii: "."), !beginsWithDot { return false }
    var item = 0
    var position = 0
    var last: (item: Int, range: Range<Int>)?
    while true {
      if item == items.count {
        if position == name.count { return true }
      } else if case .run(let capture) = items[item] {
        let start = position
        if capture != nil {
          guard position < name.count else { return false }
          position += Self.scalarLength(name, at: position)
        }
        last = (item, start..<position)
        runs?.append(start..<position)
        item += 1
        continue
      } else if let length = length(of: items[item], in: name, at: position) {
        position += length
        item += 1
        continue
      }
      // The last run takes one character more. An earlier one need not: what it could take, the last can.
      guard let (lastItem, range) = last, range.upperBound < name.count else { return false }
      position = range.upperBound + Self.scalarLength(name, at: range.upperBound)
      last = (lastItem, range.lowerBound..<position)
      if let count = runs?.count { runs?[count - 1] = range.lowerBound..<position }
      item = lastItem + 1
    }
  }

  private var beginsWithDot: Bool {
    if case .literal(let bytes)? = items.first { bytes.first == UInt8(ascii: ".") } else { false }
  }

  /// How many bytes an item that is not a run takes at `position`; nil: it does not match there.
  private func length(of item: Item, in name: UnsafeBufferPointer<UInt8>, at position: Int) -> Int? {
    switch item {
    case .literal(let bytes):
      guard bytes.count <= name.count - position else { return nil }
      for index in bytes.indices where bytes[index] != name[position + index] { return nil }
      return bytes.count
    case .anyOne:
      return position < name.count ? Self.scalarLength(name, at: position) : nil
    case .set(let set):
      guard position < name.count else { return nil }
      let length = Self.scalarLength(name, at: position)
      return set.contains(Self.scalar(name, at: position, length: length)) ? length : nil
    case .run:
      return nil
    }
  }

  /// The bytes are those of a `String`, so valid UTF-8.
  private static func scalarLength(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
    switch bytes[index] {
    case 0xf0...: 4
    case 0xe0...: 3
    case 0xc0...: 2
    default: 1
    }
  }

  private static func scalar(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int, length: Int) -> UInt32 {
    guard length > 1 else { return UInt32(bytes[index]) }
    var value = UInt32(bytes[index]) & (0x7f >> UInt32(length))
    for offset in 1..<length { value = value << 6 | UInt32(bytes[index + offset] & 0x3f) }
    return value
  }
}

/// Reads one component of a glob.
private struct NamePatternParser {
  private let text: Substring
  private let scalars: [Unicode.Scalar]
  private var index = 0
  private var result: [NamePattern.Item] = []
  private var literal: [UInt8] = []

  init(_ text: Substring) {
    self.text = text
    scalars = Array(text.unicodeScalars)
  }

  mutating func items() throws(GlobError) -> [NamePattern.Item] {
    while index < scalars.count {
      let scalar = scalars[index]
      index += 1
      switch scalar {
      case "*":
        if index < scalars.count, scalars[index] == "*" {
          throw GlobError("`**` stands alone between slashes, not inside `\(text)`", hint: "write one star, or /**/")
        }
        append(.run(capture: nil))
      case "?": append(.anyOne)
      case "[": try appendSet()
      case "{": try appendCapture()
      case "}": throw GlobError("`\(text)` has a } without a {", hint: "write [}] for the character itself")
      default: literal += Array(String(scalar).utf8)
      }
    }
    flush()
    return result
  }

  private mutating func append(_ item: NamePattern.Item) {
    flush()
    result.append(item)
  }

  private mutating func flush() {
    if !literal.isEmpty { result.append(.literal(literal)) }
    literal = []
  }

  /// Behind the `[`. A `]` in front is one of the set.
  private mutating func appendSet() throws(GlobError) {
    var negated = false
    if index < scalars.count, scalars[index] == "!" || scalars[index] == "^" {
      negated = true
      index += 1
    }
    var ranges: [ClosedRange<UInt32>] = []
    while index < scalars.count, scalars[index] != "]" || ranges.isEmpty {
      let low = scalars[index]
      index += 1
      var high = low
      if index + 1 < scalars.count, scalars[index] == "-", scalars[index + 1] != "]" {
        high = scalars[index + 1]
        index += 2
      }
      guard low <= high else { throw GlobError("the range \(low)-\(high) in `\(text)` runs backwards") }
      ranges.append(low.value...high.value)
    }
    guard index < scalars.count else {
      throw GlobError("`\(text)` has a [ without a ]", hint: "write [[] for the character itself")
    }
    index += 1
    if !negated, ranges.count == 1, ranges[0].count == 1, let scalar = Unicode.Scalar(ranges[0].lowerBound) {
      literal += Array(String(scalar).utf8)
    } else {
      append(.set(NamePattern.ScalarSet(ranges: ranges, negated: negated)))
    }
  }

  /// Behind the `{`.
  private mutating func appendCapture() throws(GlobError) {
    guard let end = scalars[index...].firstIndex(of: "}") else {
      throw GlobError("`\(text)` has a { without a }", hint: "write [{] for the character itself")
    }
    var name = ""
    name.unicodeScalars.append(contentsOf: scalars[index..<end])
    if name.contains(",") {
      throw GlobError(
        "{\(name)} is not a name to capture", hint: "`files` takes a list: write one pattern for each alternative")
    }
    guard CaptureName.isValid(name) else {
      throw GlobError("{\(name)} is not a name to capture", hint: "letters, digits, _ and -, a letter in front")
    }
    if CaptureName.builtIn.contains(name) {
      throw GlobError("{\(name)} is a name that templates already have", hint: "call it {\(name)_name}")
    }
    index = end + 1
    append(.run(capture: name))
  }
}

/// What a capture may be called.
enum CaptureName {
  static let builtIn = ["path", "stem", "line", "root", "sha256"]

  static func isValid(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, isLetter(first) else { return false }
    return name.unicodeScalars.allSatisfy { isLetter($0) || ("0"..."9").contains($0) || $0 == "_" || $0 == "-" }
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
  }
}
