import JSONTape
import Receipts
import SystemPackage

/// A commented `distill.yaml` for the logs that are found below `workspace`. Logs that a preset knows get it; of the
/// others the first record's fields are listed, with a mapping to complete.
///
/// Looks at six levels of folders and ten thousand entries at most, and into the beginning of one file for each folder
/// and extension. What it writes holds no value from a log.
///
/// - Returns: the text, and whether it is an example because no logs were found.
/// - Throws: `FileSystemError` when a folder or file can't be read.
public func scaffold(
  fileSystem: any FileSystem, workspace: FilePath
) throws -> (text: String, isExample: Bool) {
  let survey = try LogSurvey(of: workspace, fileSystem: fileSystem)
  let proposals = PresetProposals(survey.groups)
  let presetSources = proposals.sources
  let generic = GenericProposals(proposals.rest, takingUnlikely: presetSources.isEmpty)
  var writer = ScaffoldWriter()
  writer.begin()
  for source in presetSources + generic.sources { writer.append(source) }
  let isExample = presetSources.isEmpty && generic.sources.isEmpty
  if isExample { writer.appendExample() }
  writer.end(generic, survey)
  return (writer.text, isExample)
}

/// A source that the scaffold proposes.
struct ProposedSource {
  /// Not yet unique.
  var name: String
  var files: [String]
  var preset: String?
  /// Keys below the preset, as lines of YAML.
  var lines: [String] = []
  /// Said above the source, a line each.
  var comments: [String] = []
  /// The first record; nil: a preset knows it.
  var sketch: RecordSketch?
}

/// Finds the logs that a preset reads.
struct PresetProposals {
  private(set) var sources: [ProposedSource] = []
  /// The groups that no preset knows.
  private(set) var rest: [LogSurvey.Group] = []

  init(_ groups: [LogSurvey.Group]) {
    var evaluations: [LogSurvey.Group] = []
    for group in groups {
      if Self.isTauBench(group) {
        sources += Self.tauBench(group)
      } else if Self.isBashkit(group) {
        sources.append(
          ProposedSource(name: "bashkit-eval", files: [group.path("*.json")], preset: "bashkit-eval"))
      } else if Self.isInstructionEvaluation(group) {
        evaluations.append(group)
      } else if let source = Self.lakehouse(group) {
        sources.append(source)
      } else {
        rest.append(group)
      }
    }
    sources += Self.instructionEvaluations(evaluations)
  }

  // MARK: tau-bench

  private static func isTauBench(_ group: LogSurvey.Group) -> Bool {
    guard !group.isLines, let run = group.sample?.array?.first else { return false }
    return run["task_id"] != nil && run["reward"] != nil && run["traj"]?.array != nil
  }

  /// Run ids repeat between the files, so each is a source.
  private static func tauBench(_ group: LogSurvey.Group) -> [ProposedSource] {
    group.names.map { name in
      let stem = String(name.dropLast(".json".count))
      var source = ProposedSource(
        name: "tau-\(stem)", files: [Glob.escaping(group.path(name))], preset: "tau-bench")
      for domain in ["-airline", "-retail"] where stem.hasSuffix(domain) && stem.count > domain.count {
        source.lines = ["map: {model_name: \(ScaffoldWriter.quoted(String(stem.dropLast(domain.count))))}"]
      }
      return source
    }
  }

  // MARK: bashkit-eval

  private static func isBashkit(_ group: LogSurvey.Group) -> Bool {
    guard !group.isLines, let sample = group.sample, sample["provider"] != nil, sample["model"] != nil,
      let run = sample["results"]?.array?.first
    else { return false }
    return run["task"]?["id"] != nil && run["trace"]?["messages"] != nil
  }

  // MARK: m-ifeval

  private static func isInstructionEvaluation(_ group: LogSurvey.Group) -> Bool {
    // The model's name is in that of the folder, and no pattern with a capture leads through a link.
    guard group.isLines, !group.folder.isEmpty, !group.isLink, let record = group.sample else { return false }
    return ["prompt", "response", "follow_all_instructions"].allSatisfy { record[$0] != nil }
      && group.names.contains { $0.contains("strict") || $0.contains("loose") }
  }

  /// One source for each folder that has a folder a model; what the models' folders begin with is no part of the name.
  private static func instructionEvaluations(_ groups: [LogSurvey.Group]) -> [ProposedSource] {
    var siblings: [(parent: String, groups: [LogSurvey.Group])] = []
    for group in groups {
      let parent = RelativePath(unchecked: group.folder).parent?.string ?? ""
      if let place = siblings.firstIndex(where: { $0.parent == parent }) {
        siblings[place].groups.append(group)
      } else {
        siblings.append((parent, [group]))
      }
    }
    return siblings.map { parent, groups in
      let folders = groups.map { RelativePath(unchecked: $0.folder).name }
      let folder = "\(Glob.escaping(sharedBeginning(folders))){model}"
      let base = parent.isEmpty ? folder : "\(Glob.escaping(parent))/\(folder)"
      var files: [String] = []
      for suffix in ["jsonl", "ndjson", "json"] {
        for word in ["strict", "loose"] {
          let isThere = groups.contains { $0.suffix == suffix && $0.names.contains { $0.contains(word) } }
          if isThere { files.append("\(base)/*\(word)*.\(suffix)") }
        }
      }
      return ProposedSource(name: "m-ifeval", files: files, preset: "m-ifeval")
    }
  }

  /// Up to a `_`: a `-` is in the names of models, which may begin alike themselves.
  private static func sharedBeginning(_ names: [String]) -> String {
    guard names.count > 1, let first = names.first else { return "" }
    var shared = first[...]
    for name in names.dropFirst() { shared = shared.prefix(zip(shared, name).prefix { $0 == $1 }.count) }
    guard let end = shared.lastIndex(of: "_") else { return "" }
    return String(shared[...end])
  }

  // MARK: lakehouse

  private static let lakehouseNames = [
    "scrum_reviews", "observer_reviews", "audits", "mode_experiments", "distilled_facts", "distilled_procedures",
    "distilled_config_hints", "audit_facts", "observer_escalations",
  ]

  private static func lakehouse(_ group: LogSurvey.Group) -> ProposedSource? {
    guard group.suffix == "jsonl" else { return nil }
    let known = lakehouseNames.filter { name in group.names.contains { $0.hasPrefix(name) } }
    let isFolder = group.folder == "_kb" || group.folder.hasSuffix("/_kb")
    guard known.count >= 2 || (isFolder && !known.isEmpty) else { return nil }
    var source = ProposedSource(
      name: "lakehouse", files: known.map { Glob.escaping(group.path($0)) + "*.jsonl" }, preset: "lakehouse")
    let others = group.names.filter { name in !known.contains { name.hasPrefix($0) } }
    if !others.isEmpty {
      source.comments.append("Not known to the preset, and left out: \(others.prefix(10).joined(separator: ", "))")
    }
    return source
  }
}

/// Makes sources of logs that no preset knows.
struct GenericProposals {
  private(set) var sources: [ProposedSource] = []
  /// Patterns of files with JSON records in which no run was seen.
  private(set) var leftOut: [String] = []
  /// Files in which no record was seen; patterns, where there are several of a kind in a folder.
  private(set) var withoutRecords: [String] = []

  /// - Parameter takingUnlikely: whether such files are proposed where there is nothing better.
  init(_ groups: [LogSurvey.Group], takingUnlikely: Bool) {
    // Logs whose records have the same members are one source, however many folders they fill.
    var alike: [(key: [String], groups: [LogSurvey.Group], sketch: RecordSketch)] = []
    for group in groups {
      guard let sketch = RecordSketch(group) else {
        if group.isSampled {
          withoutRecords.append(group.names.count == 1 ? group.path(group.names[0]) : Self.pattern(group))
        }
        continue
      }
      let key = [group.suffix, sketch.records ?? "-"] + sketch.fields.map(\.pointer).sorted()
      if let place = alike.firstIndex(where: { $0.key == key }) {
        alike[place].groups.append(group)
      } else {
        alike.append((key, [group], sketch))
      }
    }
    let takesAll = takingUnlikely && !alike.contains { $0.sketch.isLikely }
    for (_, members, sketch) in alike {
      let first = members[0]
      var files = members.map(Self.pattern)
      var folder = first.folder
      if members.count > 1, let ancestor = Self.ancestor(members.map(\.folder)) {
        let inside = groups.filter { $0.suffix == first.suffix && ($0.folder + "/").hasPrefix(ancestor + "/") }
        if inside.count == members.count {
          files = ["\(Glob.escaping(ancestor))/**/*.\(first.suffix)"]
          folder = ancestor
        }
      }
      guard takesAll || sketch.isLikely else {
        leftOut += files
        continue
      }
      var source = ProposedSource(name: Self.name(folder), files: files, sketch: sketch)
      source.comments.append("The first record of \(first.path(first.names[0])) has")
      sources.append(source)
    }
  }

  private static func pattern(_ group: LogSurvey.Group) -> String {
    Glob.escaping(group.folder) + (group.folder.isEmpty ? "" : "/") + "*.\(group.suffix)"
  }

  private static func ancestor(_ folders: [String]) -> String? {
    var shared = folders[0].split(separator: "/")
    for folder in folders.dropFirst() {
      shared = Array(zip(shared, folder.split(separator: "/")).prefix { $0 == $1 }.map(\.0))
    }
    return shared.isEmpty ? nil : shared.joined(separator: "/")
  }

  private static func name(_ folder: String) -> String {
    folder.isEmpty ? "logs" : RelativePath(unchecked: folder).name
  }
}
