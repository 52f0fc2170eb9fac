import JSONTape
import Receipts

/// One mapping of the configuration, or several laid over each other: the first that has a key wins.
struct ConfigurationSection {
  private let layers: [ConfigurationNode]
  private let name: String

  /// - Parameter name: what the mapping describes, for errors: "a source".
  /// - Throws: when a layer is no mapping or has a key that is not in `keys`.
  init(_ layers: [ConfigurationNode], of name: String, keys: [String]) throws(DistillError) {
    self.layers = layers
    self.name = name
    for layer in layers {
      guard let members = layer.mapping else { throw layer.error("\(name) is \(layer.kindText), expected a mapping") }
      for member in members where !keys.contains(member.key) {
        throw DistillError(
          .data, "unknown key `\(member.key)`", place: member.place?.text,
          hint: NearestWord.hint(for: member.key, among: keys, title: "keys of \(name)"))
      }
    }
  }

  init(_ node: ConfigurationNode, of name: String, keys: [String]) throws(DistillError) {
    try self.init([node], of: name, keys: keys)
  }

  subscript(key: String) -> ConfigurationNode? {
    for layer in layers {
      if let node = layer[key] { return node }
    }
    return nil
  }

  func required(_ key: String) throws(DistillError) -> ConfigurationNode {
    if let node = self[key] { return node }
    throw missing(key)
  }

  func missing(_ key: String, hint: String? = nil) -> DistillError {
    (layers.first ?? ConfigurationNode(.mapping([]))).error("`\(key)` is missing in \(name)", hint: hint)
  }
}

extension ConfigurationNode {
  func error(_ message: String, hint: String? = nil) -> DistillError {
    DistillError(.data, message, place: place?.text, hint: hint)
  }

  func wrongType(_ key: String, expected: String, hint: String? = nil) -> DistillError {
    error("`\(key)` is \(kindText), expected \(expected)", hint: hint)
  }

  func text(_ key: String) throws(DistillError) -> String {
    guard let text = string else {
      let hint = scalar == nil || scalar == .null ? nil : "put quotes around it"
      throw wrongType(key, expected: "a text", hint: hint)
    }
    guard !text.allSatisfy(\.isWhitespace) else { throw error("`\(key)` is a blank text") }
    return text
  }

  func boolean(_ key: String) throws(DistillError) -> Bool {
    guard let value = scalar?.bool else { throw wrongType(key, expected: "true or false") }
    return value
  }

  func number(_ key: String) throws(DistillError) -> Double {
    guard let value = scalar?.double else { throw wrongType(key, expected: "a number") }
    return value
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(DistillError) -> Int {
    guard let value = scalar?.integer else { throw wrongType(key, expected: "a whole number") }
    guard range.contains(Int(value)) else {
      throw error("`\(key)` is \(value), expected \(range.lowerBound) to \(range.upperBound)")
    }
    return Int(value)
  }

  func list(_ key: String, of content: String) throws(DistillError) -> [ConfigurationNode] {
    guard let list else { throw wrongType(key, expected: "a list of \(content)") }
    return list
  }

  /// A list, or one entry without the brackets.
  func oneOrMore(_ key: String, of content: String) throws(DistillError) -> [ConfigurationNode] {
    if let list { return list }
    guard case .scalar(let value, _) = self.content, value != .null else {
      throw wrongType(key, expected: "a list of \(content)")
    }
    return [self]
  }

  /// One of some words.
  func word(_ key: String, of words: [String]) throws(DistillError) -> String {
    let text = try text(key)
    guard words.contains(text) else {
      throw error("`\(key)` can't be `\(text)`", hint: NearestWord.hint(for: text, among: words, title: "it is one of"))
    }
    return text
  }

  func choice<Choice: RawRepresentable>(
    _ key: String, of choices: [Choice]
  ) throws(DistillError) -> Choice where Choice.RawValue == String {
    let word = try word(key, of: choices.map(\.rawValue))
    return choices.first { $0.rawValue == word }!
  }

}
