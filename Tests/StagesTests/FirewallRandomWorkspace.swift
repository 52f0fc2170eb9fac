import JSONTape
import Receipts
import StagesTesting

@testable import Stages

/// Logs of five sources with a configuration, all random: runs in lines (`alpha`) and in documents (`beta`), judgements
/// about alpha's runs (`looks`), texts distilled from runs (`notes`) and pairwise judgements (`duels`).
struct RandomWorkspace {
  struct Options {
    var hasDamage = true
    /// Records with the id of another; samples with the words of another that are dropped.
    var hasDuplicates = true
    /// Records that say something at the same time, or at no known time.
    var hasTies = true
  }

  /// `max_record_bytes` of every source.
  static let maximumBytes = 4096

  private(set) var exports = ExportOptions()
  private(set) var heldOut: [Wording] = []
  /// The look-up: what the records of `beta` ask.
  private(set) var questions: [String: Wording] = [:]
  /// One question stands twice in the look-up, with different words.
  private(set) var isAmbiguous = false
  /// A log that can't be opened.
  private(set) var closed: String?
  var files: [RandomFile] = []

  init(seed: UInt64, _ options: Options = Options()) {
    var random = SeededGenerator(seed: seed)
    chooseExports(options, &random)
    for question in ["q1", "q2", "q3"] { questions[question] = Wording.random(3, &random) }
    isAmbiguous = options.hasDamage && random.chance(1)
    for (source, names) in [
      ("alpha", ["1.jsonl", "2.jsonl"]), ("beta", ["1.json", "2.json"]), ("duels", ["1.jsonl"]),
      ("looks", ["1.jsonl"]), ("notes", ["1.jsonl"]),
    ] {
      for name in names { addFile(RandomFile(source: source, name: name), options, &random) }
    }
    nameTexts(&random)
    if options.hasDamage && random.chance(1) { closed = random.pick(files).path }
  }

  private mutating func chooseExports(_ options: Options, _ random: inout SeededGenerator) {
    exports.includeReview = random.chance(50)
    exports.includePartial = random.chance(50)
    exports.dedupe = options.hasDuplicates && random.chance(40) ? .exact : .none
    exports.requireJudge = random.chance(30) ? random.pick([["human"], ["test"], ["human", "reward"]]) : []
    exports.maxPairsPerTask = Int.random(in: 1...5, using: &random)
    if random.chance(30) { heldOut = [Wording.random(3, &random)].filter { !$0.isBlank } }
  }

  private mutating func addFile(_ empty: RandomFile, _ options: Options, _ random: inout SeededGenerator) {
    var file = empty
    file.compression = random.pick([.none, .none, .gz, .zst])
    for _ in 0..<(random.chance(5) ? 0 : Int.random(in: 1...9, using: &random)) {
      var record = record(file.source, recordCount + file.records.count + 1, &random)
      let known = (files + [file]).filter { $0.source == file.source }.flatMap(\.records).filter(\.hasID)
      if options.hasDuplicates, record.hasID, !known.isEmpty, random.chance(8) {
        let other = random.pick(known)
        record.id = other.id
        // About another run it would be refused, most often.
        if record.kind == .verdict, random.chance(95) { record.about = other.about }
      }
      if !options.hasTies { record.time = record.number }
      if options.hasDamage, random.chance(15) {
        // One that is no JSON takes a whole document with it.
        let isAnyFit = !file.isDocument || random.chance(10)
        record.damage = random.pick(RecordDamage.allCases.filter { $0.harms(record) && ($0.isJSON || isAnyFit) })
      }
      if record.damage == nil, random.chance(25) { record.oddity = random.pick(RecordOddity.allCases) }
      file.records.append(record)
    }
    file.hasMark = random.chance(20)
    file.hasReturns = random.chance(20)
    file.blankLines = Set(file.records.indices.filter { _ in random.chance(10) })
    let damages = RandomFile.Damage.allCases.filter { $0.harms(file) }
    if options.hasDamage, !damages.isEmpty, random.chance(10) {
      file.damage = random.pick(damages)
      file.kept = Int.random(in: 0...file.records.count, using: &random)
      file.keepsHalf = random.chance(50)
    }
    if file.damage == nil && !file.isDocument {
      file.isOpen = file.records.last?.damage?.isJSON ?? true && random.chance(20)
      file.hasPending = options.hasDamage && !file.isOpen && random.chance(20)
    }
    files.append(file)
  }

  private func record(_ source: String, _ number: Int, _ random: inout SeededGenerator) -> RandomRecord {
    let kinds: [String: RecordKind] = ["duels": .comparison, "looks": .verdict, "notes": .extraction]
    let id = "\(source)-\(number)"
    var record = RandomRecord(
      source: source, kind: kinds[source] ?? .run, number: number, id: id, task: random.pick(["t1", "t:2", "7"]))
    if random.chance(3) { record.task = id }
    if source == "beta" {
      record.question = random.pick(["q1", "q2", "q3", "q4"])
      record.prompt = questions[record.question!] ?? .blank
    } else if record.kind != .verdict {
      record.prompt = Wording.random(3, &random)
    }
    if record.kind != .verdict { record.text = Wording.random(6, &random) }
    if source == "duels" {
      record.rival = Wording.random(6, &random)
      record.votes = (0..<Int.random(in: 0...3, using: &random)).map { _ in random.pick([0, 1, 1, 2, 2]) }
    }
    if source == "alpha" || source == "looks" {
      record.verdict = random.pick([.accepted, .accepted, .rejected, .rejected, .partiallyAccepted, .skipped, nil])
    }
    if source == "beta" {
      record.score = random.pick([1, 0.9, 0.89, 0.5, 0.25, 0, nil])
      record.grounded = random.pick([1, 0.8, 0.79, nil])
    }
    if source != "duels", random.chance(8) { record.override = random.pick(Category.allCases) }
    if random.chance(70) { record.time = Int.random(in: 0..<9, using: &random) * 480 }
    if record.kind == .verdict || (record.kind == .extraction && random.chance(50)) {
      record.about = "alpha-\(Int.random(in: 1...14, using: &random))"
    }
    if record.kind == .verdict || record.kind == .comparison { record.hasID = random.chance(85) }
    return record
  }

  private var recordCount: Int { files.reduce(0) { $0 + $1.records.count } }

  /// Judgements say which text they are about: that of the run, or one that it had before.
  private mutating func nameTexts(_ random: inout SeededGenerator) {
    let runs = files.flatMap(\.records).filter { $0.source == "alpha" }
    var named: [String: String?] = [:]
    for file in files.indices {
      for place in files[file].records.indices where files[file].records[place].kind == .verdict {
        let record = files[file].records[place]
        var text: String?
        if record.hasID, let other = named[record.id], random.chance(95) {
          text = other
        } else if random.chance(30) {
          let run = runs.first { $0.id == record.about }
          text = random.chance(50) ? run?.text.text ?? "" : "It said something else."
        }
        files[file].records[place].aboutText = text
        if record.hasID, named[record.id] == nil { named[record.id] = .some(text) }
      }
    }
  }

  // MARK: The files

  func contents() throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for file in files { contents[file.path] = try file.packed() }
    var rows = questions.sorted { $0.key < $1.key }.map { key, ask -> JSON in
      ["id": .string(key), "ask": .string(ask.text)]
    }
    if isAmbiguous { rows.append(["id": "q1", "ask": "Something else?"]) }
    contents["tasks/questions.json"] = JSON.array(rows).encoded()
    if !heldOut.isEmpty {
      contents["evals/held-out.jsonl"] = FirewallActions.lines(heldOut.map { ["q": .string($0.text)] })
    }
    return contents
  }

  var configuration: String {
    let fields = "run_id: /id, task_id: /task, timestamp: {from: /at, optional: true}"
    let ask = "prompt: {from: /ask, optional: true}"
    let says = "text: {from: /says, optional: true}, human_override: {from: /override, optional: true}"
    let rules = [("yes", "accepted"), ("half", "partially_accepted"), ("no", "rejected"), ("skip", "skipped")]
      .map { word, verdict in "{when: {/verdict: \(word)}, is: \(verdict), optional: true}" }
      .joined(separator: ", ")
    let votes = ["first", "second", "third"].map { "{from: /\($0), optional: true}" }.joined(separator: ", ")
    let holdout = heldOut.isEmpty ? "" : "\n  holdout: {files: evals/*.jsonl, prompt: /q}"
    let limit = "max_record_bytes: \(Self.maximumBytes)"
    return """
      version: 1
      sources:
        - name: alpha
          files: logs/alpha/*
          format: jsonl
          \(limit)
          map: {\(fields), \(ask), \(says)}
          verdict: [\(rules)]
          judged_by: {kind: test}
        - name: beta
          files: logs/beta/*
          format: json
          records: /runs/*
          \(limit)
          lookups: {questions: {files: tasks/questions.json, records: /*, key: /id}}
          map:
            {\(fields), \(says), score: {from: /score, optional: true},
            prompt: {lookup: questions, key: /question, value: /ask, optional: true},
            validation_results: {grounded_fraction: {from: /grounded, optional: true}}}
          thresholds:
            {score: {accept_at: 0.9, partial_at: 0.5}, grounded_fraction: {accept_at: 0.8}}
          judged_by: {kind: reward}
        - name: duels
          files: logs/duels/*
          format: jsonl
          \(limit)
          kind: comparison
          map:
            {\(fields), \(ask), a: {text: {from: /a, optional: true}}, b: {text: {from: /b, optional: true}}}
          votes: [\(votes)]
          winner: {1: a, 2: b, 0: tie}
        - name: looks
          files: logs/looks/*
          format: jsonl
          \(limit)
          kind: verdict
          map:
            {\(fields), human_override: {from: /override, optional: true},
            about: {source: alpha, run_id: {from: /run, optional: true}, text_sha256: {from: /sha, optional: true}}}
          verdict: [\(rules)]
          judged_by: {kind: human}
        - name: notes
          files: logs/notes/*
          format: jsonl
          \(limit)
          kind: extraction
          map: {\(fields), \(ask), \(says), about: {source: alpha, run_id: {from: /run, optional: true}}}
      exports:
        rag: {include_review: \(exports.includeReview)}
        sft:
          include_partial: \(exports.includePartial)
          dedupe: \(exports.dedupe.rawValue)
          require_judge: [\(exports.requireJudge.joined(separator: ", "))]
        preference: {max_pairs_per_task: \(exports.maxPairsPerTask)}\(holdout)
      """
  }
}
