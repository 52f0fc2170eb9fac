import JSONTape
import Receipts
import Yams

/// Reads YAML text into a tree with places.
///
/// Anchors and aliases work; a merge key (`<<`) is no part of YAML 1.2 and is an unknown key like any other.
struct ConfigurationYAML {
  /// Nodes after aliases are written out: a page of aliases of aliases is billions.
  static let maximumNodes = 100_000

  private let fileName: String
  private let preset: String?
  private var count = 0

  /// nil: there is nothing in the text but comments.
  static func parse(
    _ text: String, fileName: String, preset: String? = nil
  ) throws(DistillError) -> ConfigurationNode? {
    // YAML 1.2 allows a byte order mark at the start; libyaml does not, where it is told the encoding.
    let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    var reader = ConfigurationYAML(fileName: fileName, preset: preset)
    let root: Node?
    do {
      root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch {
      throw reader.explain(error)
    }
    guard let root else { return nil }
    return try reader.convert(root, within: nil)
  }

  private init(fileName: String, preset: String?) {
    self.fileName = fileName
    self.preset = preset
  }

  private func place(_ mark: Mark?) -> ConfigurationPlace? {
    mark.map { ConfigurationPlace(fileName: fileName, line: $0.line, column: $0.column, preset: preset) }
  }

  private mutating func convert(
    _ node: Node, within parent: ConfigurationPlace?
  ) throws(DistillError) -> ConfigurationNode {
    let place = place(node.mark) ?? parent
    count += 1
    guard count <= Self.maximumNodes else {
      throw DistillError(
        .data, "the configuration has more than \(Self.maximumNodes) values, aliases written out", place: place?.text)
    }
    switch node {
    case .scalar(let scalar):
      return ConfigurationNode(try convert(scalar, place), place: place)
    case .sequence(let sequence):
      var nodes: [ConfigurationNode] = []
      for item in sequence { nodes.append(try convert(item, within: place)) }
      return ConfigurationNode(.list(nodes), place: place)
    case .mapping(let mapping):
      var members: [ConfigurationNode.Member] = []
      var keys: Set<String> = []
      for (key, value) in mapping {
        let keyPlace = self.place(key.mark) ?? place
        guard case .scalar(let name) = key else {
          throw DistillError(
            .data, "a key is a list or a mapping", place: keyPlace?.text,
            hint: "a text that begins with { or [ needs quotes")
        }
        guard keys.insert(name.string).inserted else { throw Self.duplicate(name.string, keyPlace?.text) }
        members.append(
          .init(
            key: name.string, scalar: Self.value(ofKey: name), place: keyPlace,
            value: try convert(value, within: keyPlace)))
      }
      return ConfigurationNode(.mapping(members), place: place)
    case .alias:
      // The parser replaces each alias by its node.
      throw DistillError(.data, "an alias without its anchor", place: place?.text)
    }
  }

  /// The parser has given keys the tag of texts by then, so their style alone tells.
  private static func value(ofKey name: Node.Scalar) -> JSON {
    guard name.style == .plain, case .json(let value) = PlainScalar.resolve(name.string) else {
      return .string(name.string)
    }
    return value
  }

  private func convert(
    _ scalar: Node.Scalar, _ place: ConfigurationPlace?
  ) throws(DistillError) -> ConfigurationNode.Content {
    switch scalar.tag.description {
    case Tag.Name.implicit.rawValue:
      guard scalar.style == .plain else { return .scalar(.string(scalar.string), text: scalar.string) }
    case Tag.Name.nonSpecific.rawValue, Tag.Name.str.rawValue:
      return .scalar(.string(scalar.string), text: scalar.string)
    default:
      throw DistillError(
        .data, "the tag of `\(scalar.string)` has no meaning here", place: place?.text,
        hint: "take the tag away, and put quotes around a text that looks like a number")
    }
    switch PlainScalar.resolve(scalar.string) {
    case .json(let value): return .scalar(value, text: scalar.string)
    case .unusable(let reason):
      throw DistillError(
        .data, "`\(scalar.string)` is \(reason)", place: place?.text, hint: "put quotes around it if it is a text")
    }
  }

  private static func duplicate(_ key: String, _ place: String?) -> DistillError {
    DistillError(.data, "the key `\(key)` stands twice in one mapping", place: place, hint: "keep one of the two")
  }

  // MARK: Syntax errors

  private func explain(_ error: any Error) -> DistillError {
    guard let error = error as? YamlError else {
      return DistillError(.data, "can't be read as YAML: \(error)", place: fileName)
    }
    switch error {
    case .scanner(let context, let problem, let mark, let yaml), .parser(let context, let problem, let mark, let yaml),
      .composer(let context, let problem, let mark, let yaml):
      return explain(problem, at: mark, context, yaml)
    case .duplicatedKeysInMapping(let keys, let context):
      return Self.duplicate(keys.first ?? "", place(context.mark)?.text)
    case .reader(let problem, _, _, _):
      return DistillError(.data, "not a text: \(problem)", place: fileName, hint: "save the file as UTF-8")
    default:
      return DistillError(.data, "can't be read as YAML: \(error)", place: fileName)
    }
  }

  private func explain(_ problem: String, at mark: Mark, _ context: YamlError.Context?, _ yaml: String) -> DistillError
  {
    let spot = place(mark)?.text
    if problem.contains("cannot start any token") {
      let character = Self.character(at: mark, in: yaml)
      if character == "\t" { return tab(at: spot) }
      return DistillError(
        .data, "a text can't begin with `\(character.map(String.init) ?? "")`", place: spot,
        hint: "put quotes around the text")
    }
    if problem.contains("tab character") { return tab(at: spot) }
    let known: [(String, String, String?)] = [
      (
        "mapping values are not allowed", "a `:` where no key can stand", "put quotes around a text that has `: ` in it"
      ),
      ("could not find expected ':'", "a key without its `:`", nil),
      ("did not find expected key", "a line that is neither a key nor a list entry, or is indented differently", nil),
      (
        "did not find expected '-' indicator", "a line that is not an entry of the list around it",
        "indent it like the entries"
      ),
      ("did not find expected ',' or '}'", "a `{` without its `}`", "a template that begins with { needs quotes"),
      ("did not find expected ',' or ']'", "a `[` without its `]`", nil),
      ("found unexpected end of stream", "a quote without its end", nil),
      ("found undefined alias", "an alias without its anchor", "a text that begins with * needs quotes"),
      ("found another document", "a second document; a configuration is one", "take the `---` line away"),
      ("Maximum nesting level", "nested too deeply", nil),
    ]
    for (needle, message, hint) in known where problem.contains(needle) {
      // Where it began says more than where the file ended.
      let begin = problem.contains("end of stream") ? context.map { place($0.mark)?.text ?? fileName } : spot
      return DistillError(.data, message, place: begin, hint: hint)
    }
    let around = context.map { " \($0.text)" } ?? ""
    return DistillError(.data, "not YAML: \(problem)\(around)", place: spot)
  }

  private func tab(at place: String?) -> DistillError {
    DistillError(.data, "a tab where YAML wants spaces", place: place, hint: "indent with spaces")
  }

  private static func character(at mark: Mark, in yaml: String) -> Unicode.Scalar? {
    var line = 1
    var column = 1
    for scalar in yaml.unicodeScalars {
      if line == mark.line, column == mark.column { return scalar }
      if scalar == "\n" {
        line += 1
        column = 1
      } else {
        column += 1
      }
    }
    return nil
  }
}
