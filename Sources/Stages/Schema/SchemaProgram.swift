import JSONTape
import Receipts

/// A schema laid out for the check: plain values behind pointers, so that a good record costs neither text nor a
/// reference count. Made once for each schema, and never changed.
final class SchemaProgram: @unchecked Sendable {
  enum Kind: UInt8 {
    case any, text, filledText, integer, number, boolean, oneOf, timestamp, sha256, identifier, list, anyObject, object
  }

  struct Node {
    var kind: Kind
    var isNullable = false
    /// `oneOf` and `identifier`: of `words`; `object`: of `members`; `list`: the node of its elements.
    var range = 0..<0
    /// `integer`: the least.
    var least: Int64 = 0
  }

  struct Member {
    /// Index in `words`.
    var name: Int
    /// Index in `words` of all that stands in a row between the values of this member and the one before it: `{"name":`
    /// of the first, `,"name":` of the others.
    var key: Int
    var node: Int
  }

  let nodes: UnsafeMutableBufferPointer<Node>
  let members: UnsafeMutableBufferPointer<Member>
  let words: UnsafeMutableBufferPointer<ByteSlice>
  private let text = ByteBuffer()
  let root: Int

  init(_ fields: [Field]) {
    var layout = Layout()
    root = layout.add(.object(fields))
    nodes = .allocate(capacity: layout.nodes.count)
    _ = nodes.initialize(from: layout.nodes)
    members = .allocate(capacity: layout.members.count)
    _ = members.initialize(from: layout.members)
    var ends: [Int] = []
    for word in layout.words {
      text.append(word)
      ends.append(text.count)
    }
    words = .allocate(capacity: ends.count)
    var start = 0
    for (index, end) in ends.enumerated() {
      (words.baseAddress! + index).initialize(to: text.slice(start..<end))
      start = end
    }
  }

  deinit {
    nodes.deallocate()
    members.deallocate()
    words.deallocate()
  }

  private struct Layout {
    var nodes: [Node] = []
    var members: [Member] = []
    var words: [String] = []

    /// Returns the node's place.
    mutating func add(_ type: FieldType) -> Int {
      if case .nullable(let type) = type {
        let node = add(type)
        nodes[node].isNullable = true
        return node
      }
      let place = nodes.count
      nodes.append(Node(kind: .any))
      var node = Node(kind: .any)
      switch type {
      case .nullable, .any: break
      case .text: node.kind = .text
      case .filledText: node.kind = .filledText
      case .integer(let least): (node.kind, node.least) = (.integer, least)
      case .number: node.kind = .number
      case .boolean: node.kind = .boolean
      case .timestamp: node.kind = .timestamp
      case .sha256: node.kind = .sha256
      case .anyObject: node.kind = .anyObject
      case .oneOf(let names): (node.kind, node.range) = (.oneOf, add(names))
      case .identifier(let prefix): (node.kind, node.range) = (.identifier, add([prefix]))
      case .list(let element):
        let element = add(element)
        (node.kind, node.range) = (.list, element..<element + 1)
      case .object(let fields):
        let own = fields.enumerated().map { index, field in
          let words = add([field.name, "\(index == 0 ? "{" : ",")\"\(field.name)\":"])
          return Member(name: words.lowerBound, key: words.lowerBound + 1, node: add(field.type))
        }
        (node.kind, node.range) = (.object, members.count..<members.count + own.count)
        members += own
      }
      nodes[place] = node
      return place
    }

    private mutating func add(_ more: [String]) -> Range<Int> {
      words += more
      return words.count - more.count..<words.count
    }
  }
}

// MARK: Members of the record

extension SchemaProgram {
  var memberCount: Int { nodes[root].range.count }

  func name(ofMember index: Int) -> ByteSlice { words[member(index).name] }

  /// Of a list.
  func element(of list: Node) -> Node { nodes[list.range.lowerBound] }

  private func member(_ index: Int) -> Member { members[nodes[root].range.lowerBound + index] }
}

// MARK: Checking

extension SchemaProgram {
  func check(_ value: JSONValue, _ violations: inout [SchemaViolation]) {
    checkMembers(value, nodes[root], &violations)
  }

  func check(_ value: JSONValue, _ node: Node, _ violations: inout [SchemaViolation]) {
    if node.isNullable, value.isNull { return }
    var holds = true
    switch node.kind {
    case .any: break
    case .text, .filledText, .oneOf, .timestamp, .sha256, .identifier:
      if let text = value.string { return check(text, node, &violations) }
      holds = false
    case .integer: holds = value.integer.map { $0 >= node.least } ?? false
    case .number: holds = value.double != nil
    case .boolean: holds = value.bool != nil
    case .anyObject: holds = value.kind == .object
    case .list:
      holds = value.kind == .array
      if holds { checkElements(value, element(of: node), &violations) }
    case .object: return checkMembers(value, node, &violations)
    }
    if !holds { violations.append(SchemaViolation(.isNot(description(of: node)))) }
  }

  /// A string's text.
  func check(_ text: ByteSlice, _ node: Node, _ violations: inout [SchemaViolation]) {
    if !holds(text, node) { violations.append(SchemaViolation(.isNot(description(of: node)))) }
  }

  /// Is a string with that text what the node asks for?
  func holds(_ text: ByteSlice, _ node: Node) -> Bool {
    switch node.kind {
    case .any, .text: true
    case .filledText: !Text.isBlank(text)
    case .oneOf: words[node.range].contains { text == $0 }
    case .timestamp: Timestamp.isWritten(text)
    case .sha256: Self.isHex(text, count: 64)
    case .identifier:
      text.count == words[node.range.lowerBound].count + 16
        && text[0..<text.count - 16] == words[node.range.lowerBound]
        && Self.isHex(text[text.count - 16..<text.count], count: 16)
    case .integer, .number, .boolean, .list, .anyObject, .object: false
    }
  }

  private func checkElements(_ value: JSONValue, _ node: Node, _ violations: inout [SchemaViolation]) {
    var index = 0
    for item in value.elements where violations.count < 20 {
      let known = violations.count
      check(item, node, &violations)
      for place in known..<violations.count { violations[place].prefix("[\(index)]") }
      index += 1
    }
  }

  private func checkMembers(_ value: JSONValue, _ node: Node, _ violations: inout [SchemaViolation]) {
    guard value.kind == .object else { return violations.append(SchemaViolation(.isNot("an object"))) }
    var position = node.range.lowerBound
    for (key, item) in value.members {
      guard position < node.range.upperBound, key == words[members[position].name] else {
        let expected = position < node.range.upperBound ? words[members[position].name].string() : nil
        return violations.append(SchemaViolation(.misplaced(key.string(), expected: expected)))
      }
      let known = violations.count
      check(item, nodes[members[position].node], &violations)
      if violations.count > known {
        let name = words[members[position].name].string()
        for place in known..<violations.count { violations[place].prefix(name) }
      }
      position += 1
    }
    if position < node.range.upperBound {
      violations.append(SchemaViolation(.missing(words[members[position].name].string())))
    }
  }

  static func isHex(_ text: ByteSlice, count: Int) -> Bool {
    text.count == count && text.isLowerHex
  }

  func description(of node: Node) -> String {
    switch node.kind {
    case .any: "anything"
    case .text: "a string"
    case .filledText: "a string that says something"
    case .integer: "a whole number from \(node.least)"
    case .number: "a finite number"
    case .boolean: "a boolean"
    case .oneOf: "one of \(words[node.range].map { $0.string() }.joined(separator: ", "))"
    case .timestamp: "a time in UTC"
    case .sha256: "a SHA-256 in lower-case hex"
    case .identifier: "\(words[node.range.lowerBound].string()) and 16 hex digits"
    case .list: "a list"
    case .anyObject, .object: "an object"
    }
  }
}

/// What is wrong with a record. A good record costs no text: the path grows only on the way back from a violation.
struct SchemaViolation {
  enum Form {
    case isNot(String)
    case missing(String)
    /// nil: the end is expected.
    case misplaced(String, expected: String?)
  }
  var form: Form
  var path = ""

  init(_ form: Form) { self.form = form }

  mutating func prefix(_ name: String) {
    path = path.isEmpty ? name : path.hasPrefix("[") ? name + path : "\(name).\(path)"
  }

  var sentence: String {
    let prefix = path.isEmpty ? "" : "\(path)."
    return switch form {
    case .isNot(let what): "\(path.isEmpty ? "the record" : path) is not \(what)"
    case .missing(let name): "\"\(prefix)\(name)\" is missing"
    case .misplaced(let name, let expected):
      "\"\(prefix)\(name)\" stands where \(expected.map { "\"\(prefix)\($0)\"" } ?? "the end") is expected"
    }
  }
}
