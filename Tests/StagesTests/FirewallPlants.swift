import JSONTape
import Receipts

@testable import Stages

/// Contaminants, at least one for each gate, and what the exporters must make of them.
struct FirewallPlant: Sendable {
  /// The gate that must stop it.
  var gate: Gate.Name
  var what: String
  /// How many rows are exported all the same, and the reasons of the others.
  var exported = 0
  var reasons: [Reason]
  var export: @Sendable (FirewallActions) throws -> FirewallActions.Export

  /// nil: the firewall did with the plant what it must.
  func leak(_ actions: FirewallActions) -> String? {
    do {
      let export = try export(actions)
      guard export.rows.count != exported || export.reasons != reasons.map(\.rawValue) else { return nil }
      return "\(gate): \(what): \(export.rows.count) exported, stopped: \(export.reasons)"
    } catch {
      return "\(gate): \(what): \(error)"
    }
  }

  // MARK: Rows

  private static func provenance(_ id: String) -> JSON {
    [
      "source": "lab", "source_file": "logs/lab.jsonl", "line_offset": 0, "byte_offset": 0, "byte_length": 2,
      "sig_hash": .string(Digest.of(id).hex), "recorded_at": nil,
    ]
  }

  static func evidence(
    _ id: String, task: String = "task", prompt: JSON = "What?", text: JSON = "That.", files: [JSON] = []
  ) -> JSON {
    [
      "schema_version": 1, "kind": "run", "run_id": .string(id), "task_id": .string(task), "timestamp": nil,
      "model_name": "model", "model_provider": nil, "model_role": nil, "prompt": prompt, "messages": nil,
      "text": text, "source_files": .array(files), "git_sha": nil, "verdict": nil, "score": nil,
      "validation_results": [:], "success_markers": [], "failure_markers": [], "human_override": nil,
      "other_verdicts": [], "judged_by": nil, "about": nil, "comparison": nil, "latency_ms": nil, "cost_usd": nil,
      "provenance": provenance(id),
    ]
  }

  static func scored(_ id: String, _ category: Category, judge: JSON = nil) -> JSON {
    [
      "schema_version": 1, "evidence_run_id": .string(id), "evidence_task_id": "task", "kind": "run",
      "category": .string(category.rawValue), "reasons": [], "score": nil, "judged_by": judge, "scorer_version": 1,
      "scored_at": nil, "provenance": provenance(id),
    ]
  }

  static func with(_ row: JSON, _ key: String, _ value: JSON) -> JSON {
    var members = row.object ?? [:]
    members[key] = value
    return .object(members)
  }

  static func partition(_ scored: [JSON], _ evidence: [JSON]) -> FirewallActions.Partition {
    FirewallActions.Partition(scored: FirewallActions.lines(scored), evidence: FirewallActions.lines(evidence))
  }

  /// One run of the category, with what is wrong about its rows.
  private static func one(
    _ category: Category = .accepted, _ evidence: JSON = FirewallPlant.evidence("a"),
    scored adjust: (JSON) -> JSON = { $0 }
  ) -> FirewallActions.Partition {
    partition([adjust(scored("a", category))], [evidence])
  }

  private enum Exporter: String, CaseIterable { case rag, sft, preference }

  /// The same partition at some exporters: all of them stop it for the same reasons.
  private static func plants(
    _ gate: Gate.Name, _ what: String, at exporters: [Exporter] = Exporter.allCases, exported: Int = 0,
    _ reasons: [Reason], _ partition: FirewallActions.Partition, _ parameters: JSON = [:], dedupe: String = "none",
    more: [String: [UInt8]] = [:]
  ) -> [FirewallPlant] {
    exporters.map { exporter in
      FirewallPlant(gate: gate, what: "\(what) at \(exporter)", exported: exported, reasons: reasons) { actions in
        switch exporter {
        case .preference: try actions.preference([partition], more: more)
        default: try actions.samples(exporter.rawValue, [partition], parameters, dedupe: dedupe, more: more)
        }
      }
    }
  }

  // MARK: The plants

  static let all = rows + categories + contents + files + samples + duplicates + pairs + comparisons

  private static let rows =
    plants(.scoredRun, "a score that is a text", [.schemaViolation], one { with($0, "score", "high") })
    + plants(
      .scoredRun, "a category that does not exist", at: [.rag, .sft], [.schemaViolation],
      one { with($0, "category", "excellent") })
    + plants(
      .scoredRun, "a line that is not JSON", [.schemaViolation],
      FirewallActions.Partition(
        scored: Array("{\"category\": \"accepted\",\n".utf8), evidence: FirewallActions.lines([evidence("a")])))
    + plants(.provenance, "a row without provenance", [.missingProvenance], one { with($0, "provenance", nil) })
    + plants(.evidence, "a row without a run id", [.missingSourceRunID], one { with($0, "evidence_run_id", nil) })
    + plants(.evidence, "a row without evidence", [.missingSourceRunID], partition([scored("a", .accepted)], []))
    + plants(
      .evidence, "evidence of another record", [.missingSourceRunID],
      one(.accepted, with(evidence("a"), "provenance", provenance("b"))))

  private static let categories: [FirewallPlant] = {
    func plants(
      _ what: String, _ exporter: Exporter, _ reason: Reason, _ category: Category, _ parameters: JSON = [:]
    ) -> [FirewallPlant] {
      let partition = one(category) { with($0, "judged_by", ["kind": "model", "name": nil]) }
      return Self.plants(.category, what, at: [exporter], [reason], partition, parameters)
    }
    let alike = [false, true].flatMap { flag in
      let (review, partial): (JSON, JSON) = (["include_review": .bool(flag)], ["include_partial": .bool(flag)])
      return plants("a rejected run, flag \(flag)", .rag, .unsafeRAGCategory, .rejected, review)
        + plants("a rejected run, flag \(flag)", .sft, .unsafeSFTCategory, .rejected, partial)
        + plants("a run for a human, flag \(flag)", .sft, .unsafeSFTCategory, .needsHumanReview, partial)
    }
    return alike + plants("a run for a human", .rag, .categoryDisallowed, .needsHumanReview)
      + plants("a partially accepted run", .sft, .categoryDisallowed, .partiallyAccepted)
      + plants("another judge's run", .sft, .categoryDisallowed, .accepted, ["require_judge": ["human"]])
  }()

  /// The table of a holdout that asks what it is.
  private static let heldOut: [UInt8] = {
    let prompts = try? FirewallActions(table: Pipeline.functions).run(
      "export.holdout/1", ["prompt": "/q", "files": ["evals/a.jsonl"]], ["0": Array("{\"q\":\"What is it?\"}\n".utf8)])
    return prompts?.outputs["holdout"] ?? []
  }()

  /// What the repository of source `lab` answers.
  private static let facts: [UInt8] = {
    let facts: JSON = [
      "schema": "distill-make/repository-facts/v1",
      "sources": ["lab": [[nil, "there.swift", "file"], [nil, "gone.swift", "missing"]]],
    ]
    return facts.canonical
  }()

  private static let contents: [FirewallPlant] = {
    let held = plants(
      .holdout, "a prompt that is held out", [.categoryDisallowed],
      one(.accepted, evidence("a", prompt: " What\nis\u{2003}it?\t")),
      more: ["holdout": heldOut])
    let texts: [JSON] = [nil, "", " \t\r\n\u{85}\u{A0}\u{2003}\u{3000}"]
    return held
      + texts.flatMap { text in
        plants(.content, "the text \(text)", [.emptyContent], one(.accepted, evidence("a", text: text)))
          + plants(
            .content, "the prompt \(text)", at: [.sft], [.emptyContent], one(.accepted, evidence("a", prompt: text)))
      }
  }()

  private static let files: [FirewallPlant] =
    [("that the repository lacks", "gone.swift"), ("that nobody looked up", "unasked.swift")].flatMap {
      plants(
        .sourceFiles, "a file \($0)", [.hallucinatedFilePath],
        one(.accepted, evidence("a", files: ["there.swift", .string($1)])), more: ["facts": facts])
    }

  /// The gates before a sample don't validate the evidence: only the sample's own schema sees what is wrong with it.
  private static let samples: [FirewallPlant] = {
    let torn = with(evidence("a"), "provenance", with(provenance("a"), "recorded_at", "yesterday"))
    return plants(
      .sample, "evidence with a time that is none", at: [.rag, .sft], [.schemaViolation], one(.accepted, torn))
      + plants(
        .sample, "a pair of such evidence", at: [.preference], [.schemaViolation],
        partition([scored("a", .accepted), scored("b", .rejected)], [torn, evidence("b", text: "Not that.")]))
  }()

  private static let duplicates =
    plants(
      .duplicate, "the same scored run twice", at: [.rag, .sft], exported: 1, [.duplicateID],
      partition([scored("a", .accepted), scored("a", .accepted)], [evidence("a")]))
    + plants(
      .duplicate, "the same answer twice, where each may be said once", at: [.sft], exported: 1, [.duplicateID],
      partition(
        [scored("a", .accepted), scored("b", .accepted)],
        [evidence("a", text: "The  same"), evidence("b", prompt: "What?\n", text: "The same ")]), dedupe: "exact")
    + [pairTwice]

  private static let pairs =
    plants(
      .contested, "a text both accepted and rejected", at: [.preference],
      [.invalidPreferencePairing, .invalidPreferencePairing],
      partition(
        [scored("a", .accepted), scored("b", .rejected), scored("c", .rejected)],
        [evidence("a"), evidence("b", prompt: "Who?", text: "That. "), evidence("c", text: "Worse.")]))
    + plants(
      .selfPairing, "an accepted and a partially accepted run that say the same", at: [.preference], [.selfPairing],
      partition(
        [scored("a", .accepted), scored("b", .partiallyAccepted)], [evidence("a"), evidence("b", text: " That.")]))

  // MARK: Comparisons

  static func comparison(_ changes: [String: JSON] = [:], a: JSON = "Better.", b: JSON = "Worse.") -> JSON {
    var row = with(evidence("c", text: nil), "kind", "comparison")
    func side(_ name: String, _ text: JSON) -> JSON {
      ["run_id": .string("c#\(name)"), "model_name": nil, "text": text]
    }
    row = with(row, "comparison", ["a": side("a", a), "b": side("b", b), "votes": ["a"], "winner": "a"])
    for (key, value) in changes { row = with(row, key, value) }
    return row
  }

  private static let comparisons: [FirewallPlant] = {
    func plant(
      _ gate: Gate.Name, _ what: String, _ reason: Reason, _ partition: FirewallActions.Partition,
      more: [String: [UInt8]] = [:]
    ) -> [FirewallPlant] {
      plants(gate, "a comparison with \(what)", at: [.preference], [reason], partition, more: more)
    }
    func alone(_ row: JSON) -> FirewallActions.Partition { partition([], [row]) }
    let cut = FirewallActions.Partition(scored: [], evidence: Array(FirewallActions.lines([comparison()]).dropLast(3)))
    return plant(.comparison, "a cost that is a text", .schemaViolation, alone(comparison(["cost_usd": "much"])))
      + plant(.comparison, "a line that is cut", .schemaViolation, cut)
      + plant(.content, "a side that says nothing", .emptyContent, alone(comparison(b: "\u{2003}\n")))
      + plant(
        .holdout, "a prompt that is held out", .categoryDisallowed, alone(comparison(["prompt": "What is  it?"])),
        more: ["holdout": heldOut])
      + plant(
        .sourceFiles, "a file that the repository lacks", .hallucinatedFilePath,
        alone(comparison(["source_files": ["gone.swift"]])), more: ["facts": facts])
      + plant(.selfPairing, "the same text on both sides", .selfPairing, alone(comparison(b: " Better.")))
      + plants(
        .contested, "a comparison with a text both accepted and rejected", at: [.preference],
        Array(repeating: .invalidPreferencePairing, count: 3),
        partition(
          [scored("x", .accepted), scored("y", .rejected)],
          [evidence("x", text: "Better."), evidence("y", text: "Better. "), comparison()]))
  }()

  /// No pairing plans a pair twice: the plan is written by hand.
  private static let pairTwice = FirewallPlant(
    gate: .duplicate, what: "a pair that is planned twice", exported: 1, reasons: [.duplicateID]
  ) { actions in
    func bytes(_ write: (OutputSink) -> Void) -> [UInt8] {
      let sink = OutputSink()
      write(sink)
      return Array(sink.buffer.bytes.buffer)
    }
    let plan = bytes {
      PlannedPair(
        chosen: PlannedPair.Side(fragment: 0, place: 0), rejected: PlannedPair.Side(fragment: 0, place: 1),
        reason: .acceptedOverRejected, isSelfPairing: false
      ).append(to: $0)
    }
    let rows = bytes { sink in
      for (place, id) in ["a", "b"].enumerated() {
        let provenance = provenance(id)
        let values: [GatheredRow.Value: JSON] = [
          .runID: .string(id), .modelName: nil, .text: .string("Text of \(id)."), .timestamp: nil,
          .provenance: provenance, .taskID: "task", .prompt: "What?",
        ]
        let tokens = values.mapValues { value in
          let buffer = ByteBuffer()
          value.encoded().withUnsafeBytes { buffer.append($0) }
          return buffer
        }
        GatheredRow.append(place: place, isChosen: place == 0, category: nil, sigHash: nil, to: sink) {
          tokens[$0]?.bytes
        }
      }
    }
    // Each time for another shard.
    let shard = FirewallActions.Shard(fragments: [0], inputs: ["plan/0": plan, "gathered/0": rows])
    return try actions.emit([shard, shard])
  }
}
