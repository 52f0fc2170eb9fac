/// Finds words of a jq program that can't be shadowed by definitions: they are refused before it is compiled.
///
/// Strings are skipped, but not the code that `\(…)` puts in them; comments are skipped.
struct JQTokens {
  static let refused = ["$ENV", "$__prog_args", "import", "include"]

  private let bytes: [UInt8]
  private var place = 0

  /// The first refused word; nil: there is none.
  static func firstRefused(in program: String) -> String? {
    var tokens = JQTokens(bytes: Array(program.utf8))
    return tokens.scanCode(untilParenthesis: false)
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private mutating func scanCode(untilParenthesis: Bool) -> String? {
    var depth = 0
    // `.import` and `{import: 1}` are names of members.
    var followsDot = false
    while place < bytes.count {
      let byte = bytes[place]
      switch byte {
      case UInt8(ascii: "\""):
        place += 1
        if let word = scanString() { return word }
        followsDot = false
      case UInt8(ascii: "#"):
        while place < bytes.count && bytes[place] != 0x0A { place += 1 }
      case UInt8(ascii: "("):
        depth += 1
        place += 1
        followsDot = false
      case UInt8(ascii: ")"):
        place += 1
        if depth == 0 && untilParenthesis { return nil }
        depth -= 1
        followsDot = false
      case UInt8(ascii: "$") where nextBegins("$", "__loc__"): place += 8
      case _ where Self.beginsWord(byte):
        let word = scanWord()
        // A variable is no name of a member: behind a dot it is no jq, before a colon the start of a slice.
        let isName = byte != UInt8(ascii: "$") && (followsDot || isKey)
        if Self.refused.contains(word) && !isName { return word }
        followsDot = false
      default:
        followsDot = byte == UInt8(ascii: ".")
        place += 1
      }
    }
    return nil
  }

  /// The string's code, up to its closing quote.
  private mutating func scanString() -> String? {
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "\""):
        place += 1
        return nil
      case UInt8(ascii: "\\"):
        let isCode = place + 1 < bytes.count && bytes[place + 1] == UInt8(ascii: "(")
        place += 2
        if isCode, let word = scanCode(untilParenthesis: true) { return word }
      default: place += 1
      }
    }
    return nil
  }

  private mutating func scanWord() -> String {
    let start = place
    place += 1
    // `$ ENV` is `$ENV` in jq.
    if bytes[start] == UInt8(ascii: "$") {
      while place < bytes.count && [0x20, 0x09, 0x0A, 0x0D].contains(bytes[place]) { place += 1 }
    }
    let name = place
    while place < bytes.count && (Self.beginsWord(bytes[place]) && bytes[place] != UInt8(ascii: "$") || isDigit) {
      place += 1
    }
    let head = bytes[start] == UInt8(ascii: "$") ? "$" : String(decoding: bytes[start..<name], as: UTF8.self)
    return head + String(decoding: bytes[name..<place], as: UTF8.self)
  }

  private var isDigit: Bool { (0x30...0x39).contains(bytes[place]) }

  /// Does a colon follow the word, as behind the key of an object?
  private var isKey: Bool {
    var next = place
    while next < bytes.count && [0x20, 0x09, 0x0A, 0x0D].contains(bytes[next]) { next += 1 }
    return next < bytes.count && bytes[next] == UInt8(ascii: ":")
  }

  private func nextBegins(_ sign: String, _ name: String) -> Bool {
    let wanted = Array((sign + name).utf8)
    return place + wanted.count <= bytes.count && Array(bytes[place..<place + wanted.count]) == wanted
  }

  private static func beginsWord(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "$") || byte == UInt8(ascii: "_")
      || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}
