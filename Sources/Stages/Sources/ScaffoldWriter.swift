import JSONTape

/// Writes the text of a proposed `distill.yaml`.
struct ScaffoldWriter {
  private(set) var text = ""
  private var names: Set<String> = []

  mutating func begin() {
    text = """
      # What distill-make builds from: which files are logs, and where in a record the fields of evidence are.
      # Paths are below this folder. `distill-make health` checks this file; `distill-make all` builds.
      # All of this file is copied into receipts, so keep secrets out of it.
      version: 1
      sources:

      """
  }

  mutating func append(_ source: ProposedSource) {
    for comment in source.comments { line("  # \(Self.printable(comment))") }
    if let sketch = source.sketch {
      let width = sketch.fields.map(\.pointer.count).max() ?? 0
      for (pointer, type) in sketch.fields {
        let pointer = Self.printable(pointer)
        line("  #   \(pointer)\(String(repeating: " ", count: max(0, width - pointer.count)))  \(type)")
      }
    }
    line("  - name: \(Self.quoted(unique(source.name)))")
    line("    files: \(Self.list(source.files))")
    if let preset = source.preset { line("    preset: \(preset)") }
    for extra in source.lines { line("    \(extra)") }
    if let sketch = source.sketch { append(sketch) }
    line("")
  }

  /// For a workspace without logs: a source to start from.
  mutating func appendExample() {
    line("  # No logs were found: this is an example. Presets: \(Preset.all.map(\.name).joined(separator: ", ")).")
    line("  - name: logs")
    line("    files: logs/*.jsonl")
    line("    map:")
    line("      run_id: \"{$stem}-{$line}\"   # a pointer such as /run_id where a record has an id")
    line("      # task_id: /task_id            # runs of one task can pair")
    line("      # prompt: /prompt")
    line("      # text: /response")
    line("      # timestamp: /timestamp")
    appendVerdict(pointer: "/verdict", type: "text")
    line("")
  }

  mutating func end(_ generic: GenericProposals, _ survey: LogSurvey) {
    appendNote("Records without an answer, a score or a verdict, so taken for no logs of runs:", generic.leftOut)
    appendNote("Not proposed, because no list of records was found in them:", generic.withoutRecords)
    appendNote(
      "Compressed logs, which were not looked into; `files` may name them like any other:", survey.compressed)
    appendNote("Links, which were not followed; `files` may name one, without a wildcard in its name:", survey.links)
    if !survey.isComplete {
      line("# This folder is large, and not all of it was looked at.")
      line("")
    }
    text += """
      # What is exported, with the defaults:
      # exports:
      #   rag:        {include_review: false}
      #   sft:        {include_partial: false, dedupe: none, require_judge: []}
      #   preference: {max_pairs_per_task: 5}
      #   holdout:    null    # {files: evals/*.jsonl, prompt: /prompt}: prompts that no export may hold

      """
  }

  private mutating func appendNote(_ title: String, _ paths: [String]) {
    guard !paths.isEmpty else { return }
    line("# \(title)")
    for path in paths.prefix(10) { line("#   \(Self.printable(path))") }
    if paths.count > 10 { line("#   and \(paths.count - 10) more") }
    line("")
  }

  // MARK: A mapping to complete

  private mutating func append(_ sketch: RecordSketch) {
    if let records = sketch.records, !records.isEmpty { line("    records: \(Self.quoted(records))") }
    line("    map:")
    let runID = sketch.guess("run_id", types: ["text", "number"])
    line("      run_id: \(runID.map { Self.quoted($0.pointer) } ?? "\"{$stem}-{$line}\"")")
    suggest("task_id", sketch, types: ["text", "number"], "runs of one task can pair", fallback: "/task_id")
    suggest("prompt", sketch, types: ["text"], nil, fallback: "/prompt")
    if let messages = sketch.fields.first(where: { $0.type == "messages" })
      ?? sketch.guess("messages", types: ["messages"])
    {
      line("      # text: {last: \(Self.quoted(messages.pointer)), role: assistant}")
      let (shape, other) =
        sketch.anthropicMessages.contains(messages.pointer) ? ("anthropic", "openai") : ("openai", "anthropic")
      line("      # messages: {from: \(Self.quoted(messages.pointer)), shape: \(shape)}   # or \(other)")
    } else {
      suggest("text", sketch, types: ["text"], "what the run came to", fallback: "/response")
    }
    suggestTime(sketch)
    suggest("model_name", sketch, types: ["text"], "or a constant", fallback: "/model")
    if let score = sketch.guess("score", types: ["number"]) {
      line("      # score: \(Self.quoted(score.pointer))")
      line("    # thresholds: {score: {accept_at: 0.9, partial_at: 0.5}}")
    }
    let verdict = sketch.guess("verdict", types: ["text", "boolean"])
    appendVerdict(pointer: verdict?.pointer ?? "/verdict", type: verdict?.type ?? "text")
  }

  private mutating func suggest(
    _ field: String, _ sketch: RecordSketch, types: Set<String>, _ comment: String?, fallback: String
  ) {
    let pointer = sketch.guess(field, types: types)?.pointer ?? fallback
    line("      # \(field): \(Self.quoted(pointer))\(comment.map { "   # \($0)" } ?? "")")
  }

  /// A member that is called like a time, else one that reads as a time.
  private mutating func suggestTime(_ sketch: RecordSketch) {
    let time =
      sketch.guess("timestamp", types: ["time", "number"]) ?? sketch.fields.first { $0.type == "time" }
      ?? sketch.guess("timestamp", types: ["text"])
    line("      # timestamp: \(Self.quoted(time?.pointer ?? "/timestamp"))")
  }

  private mutating func appendVerdict(pointer: String, type: String) {
    let key = Self.quoted(pointer)
    line("    # verdict:                      # without one, every run waits for a human's review")
    if type == "boolean" {
      line("    #   - {when: {\(key): true}, is: accepted}")
      line("    #   - {when: {\(key): false}, is: rejected}")
    } else {
      line("    #   - {when: {\(key): accept}, is: accepted}")
      line("    #   - {when: {\(key): [reject, fail]}, is: rejected}")
    }
    line("    # judged_by: {kind: test}       # test, human, model or reward")
  }

  // MARK: YAML

  private mutating func line(_ content: String) { text += content + "\n" }

  /// A name that a source may have, and no source above has.
  private mutating func unique(_ name: String) -> String {
    var slug = ""
    for scalar in name.lowercased().unicodeScalars {
      if ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) {
        slug.unicodeScalars.append(scalar)
      } else if !slug.isEmpty, !slug.hasSuffix("-") {
        slug += "-"
      }
    }
    // With room for a number.
    slug = String(slug.prefix(Source.longestName - 10))
    while slug.hasSuffix("-") { slug.removeLast() }
    if slug.isEmpty { slug = "logs" }
    var candidate = slug
    var number = 2
    while !names.insert(candidate).inserted {
      candidate = "\(slug)-\(number)"
      number += 1
    }
    return candidate
  }

  private static func list(_ texts: [String]) -> String {
    texts.count == 1 ? quoted(texts[0]) : "[\(texts.map(quoted).joined(separator: ", "))]"
  }

  /// A text as a scalar that reads as that text, inside brackets, too.
  static func quoted(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "/", "_", ".", "-", "$", "~", "*": true
      default: false
      }
    }
    let startsPlain = text.unicodeScalars.first.map { !"*-~.".unicodeScalars.contains($0) } ?? false
    if isPlain, startsPlain, PlainScalar.resolve(text) == .json(.string(text)) { return text }
    return String(decoding: JSON.string(text).encoded(), as: UTF8.self)
  }

  /// A file's or member's name in a comment: one with a line break would end it.
  private static func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }
}
