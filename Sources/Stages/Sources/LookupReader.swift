import JSONTape
import Receipts

/// Reads the `lookups` of a source.
enum LookupReader {
  static func read(_ node: ConfigurationNode) throws(DistillError) -> [Lookup] {
    guard let members = node.mapping else {
      throw node.wrongType(
        "lookups", expected: "a mapping of names",
        hint: "as in lookups: {tasks: {files: tasks/*.json, records: /*, key: /id}}")
    }
    var lookups: [Lookup] = []
    for member in members { lookups.append(try lookup(member)) }
    return lookups.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  private static func lookup(_ member: ConfigurationNode.Member) throws(DistillError) -> Lookup {
    let isLetterOrDigit = { (byte: UInt8) in (97...122).contains(byte) || (48...57).contains(byte) }
    guard let first = member.key.utf8.first, isLetterOrDigit(first),
      member.key.utf8.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") })
    else {
      throw DistillError(
        .data, "`\(member.key)` can't be the name of a look-up", place: member.place?.text,
        hint: "small letters, digits, - and _, a letter or digit in front")
    }
    let node = member.value
    let key = "lookups.\(member.key)"
    let section = try ConfigurationSection(node, of: key, keys: ["files", "ignore", "format", "records", "key"])
    let files = try SourceReader.globs("files", section.required("files"), capturing: false)
    guard !files.isEmpty else { throw try section.required("files").error("`files` is an empty list") }
    var lookup = Lookup(
      name: member.key, files: files, records: Pointer("", allowingEvery: true)!,
      key: try self.key(section.required("key"), named: "\(key).key"), place: member.place?.text ?? node.place?.text)
    if let node = section["ignore"] { lookup.ignore = try SourceReader.globs("ignore", node, capturing: false) }
    if let node = section["format"] { lookup.format = try node.choice("format", of: [Source.Format.jsonl, .json]) }
    if let node = section["records"] {
      lookup.records = try SourceReader.records(node)
      let formats = lookup.format.map { [$0] } ?? Set(files.compactMap { Source.Format.byExtension(of: $0.text) })
      if formats == [.jsonl], !lookup.records.text.isEmpty {
        throw node.error(
          "`records` looks into a document, and in jsonl each line is a record",
          hint: "take `records` away, or write format: json")
      }
    }
    return lookup
  }

  /// What a record of the look-up is known by.
  static func key(_ node: ConfigurationNode, named name: String) throws(DistillError) -> FieldExpression {
    var expressions = ExpressionReader(ExpressionScope(captures: CaptureScope(files: [])))
    let key = try expressions.key(node, named: name)
    if let capture = expressions.missingCaptures.first {
      throw node.error("{\(capture.name)} is not captured: the files of a look-up capture nothing")
    }
    return key.withoutProbes
  }
}

extension FieldExpression {
  /// A key of a look-up: nobody counts where its pointers are found.
  fileprivate var withoutProbes: FieldExpression {
    func plain(_ reference: PointerReference) -> PointerReference {
      PointerReference(base: reference.base, pointer: reference.pointer)
    }
    switch self {
    case .pointer(let reference): return .pointer(plain(reference))
    case .template(let pieces):
      return .template(
        pieces.map { piece in
          switch piece {
          case .pointer(let reference): .pointer(plain(reference))
          case .sha256(let references): .sha256(references.map(plain))
          case .literal, .capture, .path, .stem, .line: piece
          }
        })
    case .constant, .firstOf, .lastMessage, .messages, .jq, .lookup: return self
    }
  }
}
