/// Why a text is neither a pointer nor a template.
struct TemplateError: Error {
  /// One sentence without a full stop.
  var reason: String
  var hint: String?

  init(_ reason: String, hint: String? = nil) {
    self.reason = reason
    self.hint = hint
  }
}

extension PointerReference {
  /// As it is written: `/a/b`, `$root`, `$root/a`.
  public var text: String { (base == .root ? "$root" : "") + pointer.text }

  /// Whether a text in the configuration means a pointer.
  static func isPointer(_ text: String) -> Bool {
    text.utf8.first == UInt8(ascii: "/") || text == "$root" || text.utf8.starts(with: "$root/".utf8)
  }

  /// - Parameter text: one that `isPointer`.
  init(text: String, allowingEvery: Bool = false) throws(TemplateError) {
    let isRoot = text.utf8.first == UInt8(ascii: "$")
    guard let pointer = Pointer(isRoot ? String(text.unicodeScalars.dropFirst(5)) : text, allowingEvery: allowingEvery)
    else {
      throw TemplateError("`\(text)` is not a JSON Pointer", hint: "in a member's name ~0 stands for ~ and ~1 for /")
    }
    if !allowingEvery, pointer.tokens.contains(.key("*", index: nil)) {
      throw TemplateError(
        "`\(text)` has a *, and only one value is wanted here",
        hint: "* is for `records`, and for `every` and `any` of a rule")
    }
    self.init(base: isRoot ? .root : .record, pointer: pointer)
  }
}

/// A text with `{…}` in it: what `TemplatePiece` lists, as a person writes it.
enum TemplateText {
  /// Whether a text in the configuration means a template.
  static func isTemplate(_ text: String) -> Bool { text.contains("{") }

  /// Neighbouring literals are one piece; no reference has a probe yet.
  static func parse(_ text: String) throws(TemplateError) -> [TemplatePiece] {
    var pieces: [TemplatePiece] = []
    var literal = ""
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "{" where rest.first == "{", "}" where rest.first == "}":
        rest.removeFirst()
        literal.unicodeScalars.append(scalar)
      case "{":
        guard let end = rest.firstIndex(of: "}") else {
          throw TemplateError("`\(text)` has a { without a }", hint: "write {{ for the character itself")
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        literal = ""
        pieces.append(try piece(String(rest[..<end])))
        rest = rest[rest.index(after: end)...]
      case "}":
        throw TemplateError("`\(text)` has a } without a {", hint: "write }} for the character itself")
      default:
        literal.unicodeScalars.append(scalar)
      }
    }
    if !literal.isEmpty { pieces.append(.literal(literal)) }
    return pieces
  }

  /// The text that reads as `pieces`.
  static func write(_ pieces: [TemplatePiece]) -> String {
    pieces.map { piece in
      switch piece {
      case .literal(let text):
        text.reduce(into: "") { $0 += $1 == "{" || $1 == "}" ? "\($1)\($1)" : "\($1)" }
      case .pointer(let reference): "{\(reference.text)}"
      case .sha256(let references): "{sha256:\(references.map(\.text).joined(separator: ","))}"
      case .capture(let name): "{\(name)}"
      case .path: "{$path}"
      case .stem: "{$stem}"
      case .line: "{$line}"
      }
    }.joined()
  }

  private static let hashPrefix = "sha256:"

  private static func piece(_ content: String) throws(TemplateError) -> TemplatePiece {
    switch content {
    case "": throw TemplateError("{} names nothing", hint: "write {{}} for the braces themselves")
    case "$path": return .path
    case "$stem": return .stem
    case "$line": return .line
    default: break
    }
    if content.hasPrefix(hashPrefix) {
      let list = content.dropFirst(hashPrefix.count)
      var references: [PointerReference] = []
      for text in list.split(separator: ",", omittingEmptySubsequences: false) {
        guard PointerReference.isPointer(String(text)) else {
          throw TemplateError("{\(content)} hashes `\(text)`, which is not a pointer", hint: "as in {sha256:/a,/b}")
        }
        references.append(try PointerReference(text: String(text)))
      }
      return .sha256(references)
    }
    if PointerReference.isPointer(content) { return .pointer(try PointerReference(text: content)) }
    guard CaptureName.isValid(content), !CaptureName.builtIn.contains(content) else {
      throw TemplateError(
        "{\(content)} is neither a pointer nor a capture",
        hint:
          "{/a/b} is a pointer, {name} a capture of `files`; built in are {$path}, {$stem}, {$line} and {sha256:/a,/b}")
    }
    return .capture(content)
  }
}
