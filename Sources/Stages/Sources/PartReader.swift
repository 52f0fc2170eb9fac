import JSONTape
import Receipts

/// Reads one part of a source. A source without `parts` is read as its own only part.
struct PartReader {
  /// The keys that may stand in a source and in its parts.
  static let keys =
    ["kind", "map", "verdict", "thresholds", "jq", "judged_by", "time_zone", "never"] + ComparisonReader.keys

  /// Source, part and preset; the first that has a key wins.
  private let layers: [ConfigurationNode]
  private let section: ConfigurationSection
  /// The entry of `parts`; nil: there is none.
  private let own: ConfigurationNode?
  /// What the part's source says beside its parts.
  private let source: Source
  private var captures: CaptureScope { CaptureScope(files: source.files) }

  /// - Parameter source: without its parts.
  init(layers: [ConfigurationNode], own: ConfigurationNode?, source: Source) throws(DistillError) {
    if let own { _ = try ConfigurationSection(own, of: "a part", keys: ["only"] + Self.keys) }
    self.layers = layers
    self.own = own
    self.source = source
    // The layers' other keys are the source's, which has checked them.
    let partKeys = layers.map { layer in
      ConfigurationNode(
        .mapping((layer.mapping ?? []).filter { Self.keys.contains($0.key) }), place: layer.place)
    }
    section = try ConfigurationSection(partKeys, of: own == nil ? "the source" : "the part", keys: Self.keys)
  }

  func read() throws(DistillError) -> Part {
    let kind = try kind()
    let maps = layers.compactMap { $0["map"] }
    let jq = try section["jq"]?.text("jq")
    let never = try never()
    var expressions = ExpressionReader(
      ExpressionScope(
        captures: captures, lookups: source.lookups.map(\.name), never: NeverPointers(never, of: source),
        hasProgram: jq != nil))
    let mapping = MappingReader(kind: kind, hasRules: section["verdict"].map { $0.list?.isEmpty == false } ?? false)
    if kind == .comparison, maps.isEmpty {
      throw section.missing("map", hint: "as in map: {prompt: /prompt, a: {text: /a}, b: {text: /b}}")
    }
    let isIdentity = maps.isEmpty && jq != nil
    let map = isIdentity ? mapping.identity : try mapping.read(maps, &expressions)
    var part = Part(only: try only(), kind: kind, jq: jq, map: map, never: never)
    if kind == .comparison {
      part.comparison = try ComparisonReader(section: section).read(mapping.sides(maps, &expressions), &expressions)
    }
    if let node = section["judged_by"] { part.judgedBy = try JudgedBy(node, key: "judged_by", &expressions) }
    if let node = section["verdict"] { part.verdict = try VerdictReader.read(node, &expressions) }
    if let node = section["thresholds"] { part.thresholds = try Thresholds(node) }
    if let node = section["time_zone"] { part.timeZoneOffset = try timeZone(node) }
    part.probes = expressions.probes
    try checkCaptures(expressions.missingCaptures)
    try check(part)
    return part
  }

  private func kind() throws(DistillError) -> RecordKind {
    guard let node = section["kind"] else { return .run }
    return try node.choice("kind", of: RecordKind.allCases)
  }

  /// Of all layers: what one of them keeps in the log, no other lets out.
  private func never() throws(DistillError) -> [PointerReference] {
    var found: [PointerReference] = []
    for node in layers.compactMap({ $0["never"] }) {
      for entry in try node.oneOrMore("never", of: "pointers") {
        guard let text = entry.string, PointerReference.isPointer(text) else {
          throw entry.error(
            "`never` names no pointer", hint: "as in never: [/info/answer, /steps/*/secret], where * is every element")
        }
        let reference: PointerReference
        do { reference = try PointerReference(text: text, allowingEvery: true) } catch {
          throw entry.error(error.reason, hint: error.hint)
        }
        if NeverPointers([reference], of: source).hidingWholeRecord != nil {
          throw entry.error("`never` keeps whole records in the log", hint: "point to what is secret in them")
        }
        if !found.contains(reference) { found.append(reference) }
      }
    }
    return found.sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
  }

  private func only() throws(DistillError) -> Glob? {
    guard let node = own?["only"] else { return nil }
    let text = try node.text("only")
    let glob: Glob
    do { glob = try Glob(text) } catch { throw node.error(error.reason, hint: error.hint) }
    guard glob.components.count == 1, glob.components[0] != .anyDepth else {
      throw node.error(
        "`only` looks at the file's name alone, and `\(text)` has folders", hint: "`files` names the folders")
    }
    if let capture = glob.captureNames.first {
      throw node.error("`only` captures nothing", hint: "write {\(capture)} in `files`, and * here")
    }
    return glob
  }

  private func timeZone(_ node: ConfigurationNode) throws(DistillError) -> Int32 {
    let text = try node.text("time_zone")
    if let offset = TimeZoneOffset.parse(text) { return offset }
    throw node.error(
      "`time_zone` can't be `\(text)`",
      hint: "write UTC, Z or an offset like +02:00; what a zone's name means depends on the zone data of the machine")
  }

  // MARK: Checks

  private func checkCaptures(_ missing: [ExpressionReader.MissingCapture]) throws(DistillError) {
    guard let first = missing.first else { return }
    if let preset = first.place?.preset {
      var names: [String] = []
      for capture in missing where capture.place?.preset != nil && !names.contains("{\(capture.name)}") {
        names.append("{\(capture.name)}")
      }
      throw DistillError(
        .data, "the preset `\(preset)` needs \(names.joined(separator: " and ")) in every pattern of `files`",
        place: first.place?.text, hint: "write it where the name stands in the path, as in logs/\(names[0])/*.jsonl")
    }
    let name = first.name
    let lacking = captures.files.first { !$0.captureNames.contains(name) }?.text ?? ""
    if captures.isPossible(name) {
      throw DistillError(
        .data, "{\(name)} is not captured by every pattern of `files`: \(lacking) has none", place: first.place?.text,
        hint: "write {\(name)} there too, or {from: …, optional: true} here")
    }
    let hint =
      captures.names.isEmpty
      ? "write it there where the name stands in the path, as in logs/{\(name)}/*.jsonl; a pointer begins with /"
      : NearestWord.hint(for: name, among: captures.names, title: "captured are")
    throw DistillError(.data, "{\(name)} is not captured by `files`", place: first.place?.text, hint: hint)
  }

  private func check(_ part: Part) throws(DistillError) {
    if part.kind == .comparison { try checkComparison(part) } else { try checkNoComparison() }
    // A judgement or comparison without a run id is given one; a program's objects are looked at one by one.
    if part.kind != .verdict, part.kind != .comparison, !part.map.isIdentity, part.map.fields[.runID] == nil {
      let hint = "map: {run_id: /id}, or \"{$stem}-{$line}\" where the log has none"
      guard let map = layers.lazy.compactMap({ $0["map"] }).first else { throw section.missing("map", hint: hint) }
      throw map.error("`map.run_id` is missing: a record is known by it", hint: hint)
    }
    if part.kind == .verdict, !part.map.about.contains(where: { $0.key == "run_id" || $0.key == "task_id" }) {
      throw (own ?? layers[0]).error(
        "a judgement says in `map.about` what it is about", hint: "map: {about: {run_id: /run_id}}, or task_id")
    }
    // Where parts share their source's thresholds, not each needs to use them.
    guard own == nil, !part.map.isIdentity, let node = section["thresholds"] else { return }
    if part.thresholds.score != nil, part.map.fields[.score] == nil {
      throw node.error("`thresholds.score` has no score to look at", hint: "map: {score: /score}")
    }
    guard part.thresholds.groundedFraction != nil else { return }
    switch part.map.validationResults {
    case .whole: return
    case .fields(let entries) where entries.contains { $0.key == "grounded_fraction" }: return
    default:
      throw node.error(
        "`thresholds.grounded_fraction` has no grounded fraction to look at",
        hint: "map: {validation_results: {grounded_fraction: /grounded_fraction}}")
    }
  }

  /// "A beats B" says nothing of A alone.
  private func checkComparison(_ part: Part) throws(DistillError) {
    let hint = "a comparison makes pairs by its `votes`, and no category"
    if !part.verdict.isEmpty, let node = section["verdict"] {
      throw node.error("`verdict` is not for a comparison", hint: hint)
    }
    if part.thresholds != Thresholds(), let node = section["thresholds"] {
      throw node.error("`thresholds` are not for a comparison", hint: hint)
    }
  }

  /// Parts of other kinds may stand beside the keys of a comparison that the source gives to all.
  private func checkNoComparison() throws(DistillError) {
    for key in ComparisonReader.keys {
      if let node = own.map({ $0[key] }) ?? section[key] {
        throw node.error("`\(key)` is for `kind: comparison`")
      }
    }
  }
}

extension Thresholds {
  init(_ node: ConfigurationNode) throws(DistillError) {
    let section = try ConfigurationSection(node, of: "thresholds", keys: ["score", "grounded_fraction"])
    self.init()
    if let node = section["score"] { score = try Cut(node, key: "thresholds.score") }
    if let node = section["grounded_fraction"] {
      groundedFraction = try Cut(node, key: "thresholds.grounded_fraction")
    }
  }
}

extension Thresholds.Cut {
  init(_ node: ConfigurationNode, key: String) throws(DistillError) {
    let section = try ConfigurationSection(node, of: key, keys: ["accept_at", "partial_at"])
    acceptAt = try section.required("accept_at").number("accept_at")
    guard let node = section["partial_at"] else { return }
    let partial = try node.number("partial_at")
    guard partial < acceptAt else {
      throw node.error("`partial_at` is not below `accept_at`: nothing would be partially accepted")
    }
    partialAt = partial
  }
}
