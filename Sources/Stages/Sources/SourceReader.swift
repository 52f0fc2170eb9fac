import JSONTape
import Receipts

/// Reads one entry of `sources`, with its preset laid under it.
struct SourceReader {
  private static let keys =
    [
      "name", "files", "ignore", "format", "unit", "records", "max_record_bytes", "repository", "preset", "lookups",
      "parts",
    ] + PartReader.keys
  /// The longest text that the JSON parser takes.
  private static let recordBytes = 1...(Int(UInt32.max) - 64)

  static func read(_ node: ConfigurationNode) throws(DistillError) -> Source {
    try SourceReader(node).read()
  }

  private let node: ConfigurationNode
  private let preset: ConfigurationNode?
  private let section: ConfigurationSection

  private init(_ node: ConfigurationNode) throws(DistillError) {
    self.node = node
    // The user's own keys first: a mistyped one is found before the preset is looked up.
    let own = try ConfigurationSection(node, of: "a source", keys: Self.keys)
    preset = try own["preset"].map { (name: ConfigurationNode) throws(DistillError) in try Preset.node(named: name) }
    section = try ConfigurationSection([node, preset].compactMap(\.self), of: "a source", keys: Self.keys)
  }

  private func read() throws(DistillError) -> Source {
    let name = try self.name()
    let files = try globs("files", section.required("files"))
    guard !files.isEmpty else { throw try section.required("files").error("`files` is an empty list") }
    let ignore = try section["ignore"].map { (node: ConfigurationNode) throws(DistillError) in try globs("ignore", node)
    }
    var source = Source(
      name: name, files: files, ignore: ignore ?? [], records: Pointer("", allowingEvery: true)!, parts: [],
      place: node.place?.text)
    source.filesPlace = section["files"]?.place?.text
    if let node = section["format"] { source.format = try node.choice("format", of: [Source.Format.jsonl, .json]) }
    if let node = section["unit"] { source.unit = try node.choice("unit", of: [Source.Unit.line, .element, .file]) }
    if let node = section["records"] { source.records = try Self.records(node) }
    if let node = section["max_record_bytes"] {
      source.maxRecordBytes = try node.integer("max_record_bytes", in: Self.recordBytes)
    }
    if let node = section["repository"] { source.repository = try repository(node) }
    try checkShape(source)
    if let node = section["lookups"] { source.lookups = try LookupReader.read(node) }
    source.parts = try parts(of: source)
    try checkLookups(source)
    return source
  }

  private func name() throws(DistillError) -> String {
    let node = try section.required("name")
    guard case .scalar(let value, let name) = node.content, value != .null, value.bool == nil else {
      throw node.wrongType("name", expected: "a text")
    }
    let isLetterOrDigit = { (byte: UInt8) in (97...122).contains(byte) || (48...57).contains(byte) }
    guard let first = name.utf8.first, isLetterOrDigit(first),
      name.utf8.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") })
    else {
      throw node.error(
        "`\(name)` can't be the name of a source",
        hint: "small letters, digits and -, a letter or digit in front: it becomes the name of files")
    }
    guard name.utf8.count <= Source.longestName else {
      throw node.error(
        "the name of a source has \(name.utf8.count) characters",
        hint: "at most \(Source.longestName): it becomes the name of files")
    }
    return name
  }

  private func globs(_ key: String, _ node: ConfigurationNode) throws(DistillError) -> [Glob] {
    try Self.globs(key, node, capturing: key == "files")
  }

  /// - Parameter isCapturing: may the patterns have captures?
  static func globs(
    _ key: String, _ node: ConfigurationNode, capturing isCapturing: Bool
  ) throws(DistillError) -> [Glob] {
    var globs: [Glob] = []
    for entry in try node.oneOrMore(key, of: "patterns") {
      let text = try entry.text(key)
      let glob: Glob
      do { glob = try Glob(text) } catch { throw entry.error(error.reason, hint: error.hint) }
      if !isCapturing, let capture = glob.captureNames.first {
        throw entry.error("`\(key)` captures nothing", hint: "write * instead of {\(capture)}")
      }
      if key == "files", let folder = WorkspaceLayout.ownFolders.first(where: { glob.literalFolders.hasPrefix($0) }) {
        throw entry.error(
          "`\(text)` is in \(folder), which this program writes", hint: "keep the logs in another folder")
      }
      globs.append(glob)
    }
    return globs
  }

  static func records(_ node: ConfigurationNode) throws(DistillError) -> Pointer {
    guard let text = node.string, let pointer = Pointer(text, allowingEvery: true) else {
      throw node.error(
        "`records` is no pointer to records",
        hint: "as in /results/*, where * is every element or member; \"\" is the document")
    }
    return pointer
  }

  private func repository(_ node: ConfigurationNode) throws(DistillError) -> String {
    let path = try node.text("repository")
    guard !path.utf8.starts(with: "/".utf8) else {
      throw node.error(
        "`repository` is an absolute path, which is another on each machine",
        hint: "write it as seen from the workspace, as in ../code")
    }
    return path
  }

  /// `format`, `unit`, `records` and the names of the files must fit each other.
  private func checkShape(_ source: Source) throws(DistillError) {
    let named = Set(source.files.compactMap { Source.Format.byExtension(of: $0.text) })
    let formats = source.format.map { [$0] } ?? named
    let every = source.records.hasEvery
    if formats == [.jsonl], let node = section["records"], !source.records.text.isEmpty {
      throw node.error(
        "`records` looks into a document, and in jsonl each line is a record",
        hint: "take `records` away, or write format: json")
    }
    guard let unit = source.unit, let node = section["unit"] else { return }
    switch unit {
    case .line where formats.contains(.json):
      throw node.error("`unit: line` is for jsonl, and the files are json", hint: "write unit: element or unit: file")
    case .element where formats.contains(.jsonl), .file where formats.contains(.jsonl):
      throw node.error("`unit: \(unit.rawValue)` is for json, and the files are jsonl", hint: "write unit: line")
    case .element where !every:
      throw node.error(
        "`unit: element` wants a * in `records`", hint: "as in records: /results/*, or records: /* for a plain list")
    case .file where every:
      throw node.error("`unit: file` makes one record of a file, and `records` has a *", hint: "write unit: element")
    default: break
    }
  }

  // MARK: Parts

  private func parts(of source: Source) throws(DistillError) -> [Part] {
    let base = [node, preset].compactMap(\.self)
    guard let list = section["parts"] else {
      return [try PartReader(layers: base, own: nil, source: source).read()]
    }
    let nodes = try list.list("parts", of: "parts")
    guard !nodes.isEmpty else { throw list.error("`parts` is an empty list") }
    // The user's keys win over a preset's part; the user's own part wins over the keys around it.
    let isOwn = node["parts"] != nil
    var parts: [Part] = []
    for part in nodes {
      let layers = isOwn ? [part] + base : [node, part] + [preset].compactMap(\.self)
      parts.append(try PartReader(layers: layers, own: part, source: source).read())
    }
    try checkThresholds(parts, nodes)
    return parts
  }

  /// A look-up that nobody asks would be an input of the build without a reason.
  private func checkLookups(_ source: Source) throws(DistillError) {
    let used = Set(source.parts.flatMap(\.lookups).map(\.lookup))
    for lookup in source.lookups where !used.contains(lookup.name) {
      throw (section["lookups"]?[lookup.name] ?? node).error(
        "no field comes from the look-up `\(lookup.name)`",
        hint: "as in map: {prompt: {lookup: \(lookup.name), key: /id, value: /prompt}}")
    }
  }

  /// A run is known by source, kind and run id, so its thresholds must follow from source and kind wherever two parts
  /// are sure to share a file.
  private func checkThresholds(_ parts: [Part], _ nodes: [ConfigurationNode]) throws(DistillError) {
    for (index, part) in parts.enumerated() {
      for (other, place) in zip(parts[..<index], nodes) {
        let sharesFiles = other.only == part.only || other.only == nil || part.only == nil
        guard sharesFiles, other.kind == part.kind, other.thresholds != part.thresholds else { continue }
        throw nodes[index].error(
          "two parts make `\(part.kind.rawValue)` records of the same files with different thresholds",
          hint: "give them the same thresholds, or files of their own with `only`"
            + (place.place.map { "; the other part stands at \($0.text)" } ?? ""))
      }
    }
  }
}
