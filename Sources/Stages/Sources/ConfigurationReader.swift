import JSONTape
import Receipts

extension Configuration {
  /// Reads a `distill.yaml`.
  ///
  /// - Parameter fileName: as errors name it: `distill.yaml:12:5`.
  /// - Throws: code `data`, with the place of what is wrong.
  public static func read(_ yaml: String, fileName: String) throws(DistillError) -> Configuration {
    guard let root = try ConfigurationYAML.parse(yaml, fileName: fileName) else {
      throw DistillError(
        .data, "the configuration is empty", place: fileName,
        hint: "`distill-make init` writes one for the logs it finds")
    }
    let section = try ConfigurationSection(root, of: "the configuration", keys: ["version", "sources", "exports"])
    let version = try section.required("version")
    guard version.scalar == .integer(1) else {
      throw version.error("`version` is not 1, the only one that this program reads")
    }
    let list = try section.required("sources")
    let nodes = try list.list("sources", of: "sources")
    guard !nodes.isEmpty else { throw list.error("`sources` is empty", hint: "a build needs at least one source") }
    var sources: [Source] = []
    for node in nodes {
      let source = try SourceReader.read(node)
      if let other = sources.first(where: { $0.name == source.name }) {
        throw (node["name"] ?? node).error(
          "two sources are called `\(source.name)`", hint: other.place.map { "the other stands at \($0)" })
      }
      sources.append(source)
    }
    let configuration = Configuration(sources: sources, exports: try ExportOptions(section["exports"]))
    try configuration.checkJudgedSources()
    return configuration
  }
}

extension ExportOptions {
  init(_ node: ConfigurationNode?) throws(DistillError) {
    self.init()
    guard let node else { return }
    let section = try ConfigurationSection(node, of: "exports", keys: ["rag", "sft", "preference", "holdout"])
    if let node = section["holdout"], node.scalar != .null { holdout = try Holdout(node) }
    if let rag = section["rag"] {
      let options = try ConfigurationSection(rag, of: "exports.rag", keys: ["include_review"])
      includeReview = try options["include_review"]?.boolean("include_review") ?? includeReview
    }
    if let sft = section["sft"] {
      let options = try ConfigurationSection(
        sft, of: "exports.sft", keys: ["include_partial", "dedupe", "require_judge"])
      includePartial = try options["include_partial"]?.boolean("include_partial") ?? includePartial
      if let node = options["dedupe"] { dedupe = try node.choice("dedupe", of: [Dedupe.none, .exact]) }
      if let node = options["require_judge"] {
        var kinds: Set<String> = []
        for entry in try node.oneOrMore("require_judge", of: "kinds of judge") {
          kinds.insert(try entry.word("require_judge", of: JudgedBy.kinds))
        }
        requireJudge = JudgedBy.kinds.filter { kinds.contains($0) }
      }
    }
    if let preference = section["preference"] {
      let options = try ConfigurationSection(preference, of: "exports.preference", keys: ["max_pairs_per_task"])
      if let node = options["max_pairs_per_task"] {
        maxPairsPerTask = try node.integer("max_pairs_per_task", in: 1...1_000_000)
      }
    }
  }

  /// In the form of the `exports` section, every option written out.
  public var json: JSON {
    [
      "holdout": holdout?.json ?? .null,
      "preference": ["max_pairs_per_task": .integer(Int64(maxPairsPerTask))],
      "rag": ["include_review": .bool(includeReview)],
      "sft": [
        "dedupe": .string(dedupe.rawValue), "include_partial": .bool(includePartial),
        "require_judge": .array(requireJudge.map { .string($0) }),
      ],
    ]
  }

  /// - Parameter json: as from `json`.
  public init(json: JSON) throws(DistillError) {
    try self.init(ConfigurationNode(json))
  }
}
