import JSONTape
import Receipts
import ReceiptsTesting
import Stages
import SystemPackage

/// A workspace of receipts that were made by hand.
struct ReportSpace {
  let fileSystem = MemoryFileSystem()
  let layout = WorkspaceLayout(root: "/space")

  var report: Report {
    Report(
      shelf: ReceiptShelf(fileSystem: fileSystem, layout: layout), fileSystem: fileSystem, layout: layout)
  }

  var markdown: String {
    get throws { ReportMarkdown.text(of: try report.facts()) }
  }

  /// Puts the receipt on the shelf as the newest, and into the history.
  @discardableResult
  func publish(_ receipt: Receipt) -> Digest {
    let encoded = ReceiptCodec.encode(receipt)
    fileSystem.write(encoded.bytes, to: layout.receipt(receipt.stage))
    fileSystem.write(encoded.bytes, to: layout.history.appending("\(encoded.digest.hex).json"))
    return encoded.digest
  }

  func fail(_ receipt: Receipt) {
    fileSystem.write(ReceiptCodec.encode(receipt).bytes, to: layout.failed(receipt.stage))
  }

  /// Writes a quarantine file and says how it stands in a receipt.
  func quarantine(_ name: String, _ stage: String, _ rows: [(reason: String, place: (file: String, line: Int)?)])
    -> Receipt.File
  {
    let text = rows.map { row in
      let provenance: JSON =
        row.place.map {
          [
            "source": "lab", "source_file": .string($0.file), "line_offset": .integer(Int64($0.line)),
            "sig_hash": "00",
          ]
        } ?? .null
      let line: JSON = [
        "stage": .string(stage), "reason": .string(row.reason), "errors": ["because"], "source_record": "SECRET",
        "source_provenance": provenance, "recorded_at": nil,
      ]
      return String(decoding: line.encoded(), as: UTF8.self) + "\n"
    }.joined()
    let path = RelativePath(unchecked: "exports/quarantine/\(name).jsonl")
    fileSystem.write(text, to: layout.path(path))
    return Receipt.File(
      path: path, digest: Digest.of(text), byteCount: text.utf8.count, recordCount: rows.count)
  }
}

func file(_ path: String, records: Int, version: String = "1") -> Receipt.File {
  Receipt.File(
    path: RelativePath(unchecked: path), digest: Digest.of("\(path) \(version)"), byteCount: records * 250,
    recordCount: records)
}

func receipt(
  _ stage: StageName, at second: Int64, inputs: [Receipt.File] = [], outputs: [Receipt.File] = [],
  counts: JSON = [:], summary: JSON = [:], parameters: JSON = [:], checks: [Receipt.Check] = [],
  previous: Digest? = nil, git: GitState? = GitState(sha: String(repeating: "ab", count: 20), dirty: false)
) -> Receipt {
  var actions = ActionTally()
  actions.run = 3
  actions.cached = 1
  return Receipt(
    stage: stage,
    core: Receipt.Core(
      tool: ToolIdentity(name: "distill-make", version: "1.0.0", digest: Digest.of("tool")), parameters: parameters,
      inputs: inputs, outputs: outputs, recordCounts: counts, summary: summary, validation: checks,
      key: Digest.of("key \(stage) \(second)")),
    git: git,
    run: Receipt.Run(
      startedAt: Timestamp(seconds: 1_777_190_400 + second - 1, nanoseconds: 0)!,
      finishedAt: Timestamp(seconds: 1_777_190_400 + second, nanoseconds: 0)!, durationMilliseconds: 1000,
      actions: actions, host: Receipt.Host(system: "linux", architecture: "x86_64", processors: 2), jobs: 2),
    previous: previous)
}

extension ReportSpace {
  static let evidence = file("data/evidence/2026/04/26/lab.jsonl", records: 1200)
  static let scored = file("data/scored-runs/2026/04/26/lab.jsonl", records: 1198)

  var evidenceReceipt: Receipt {
    let stopped = quarantine(
      "evidence", "build-evidence",
      [
        ("schema_violation", ("logs/a.jsonl", 6)), ("duplicate_id", ("logs/a.jsonl", 8)),
        ("duplicate_id", ("logs/a|b.jsonl", 0)), ("duplicate_id", ("logs/a.jsonl", 10)),
        ("duplicate_id", ("logs/a.jsonl", 11)),
      ])
    return receipt(
      .buildEvidence, at: 10, inputs: [file("logs/a.jsonl", records: 1205)], outputs: [Self.evidence, stopped],
      counts: [
        "read": 1205, "mapped": 1204, "mapped_to_nothing": 0, "quarantined": 1, "pending": 0, "objects": 1204,
        "written": 1200, "duplicates": 4, "by_reason": ["schema_violation": 1, "duplicate_id": 4],
        "by_kind": ["run": 1198, "verdict": 2],
        "by_source": [
          "lab": [
            "read": 1205, "mapped": 1204, "mapped_to_nothing": 0, "quarantined": 1, "pending": 0, "objects": 1204,
            "written": 1200, "duplicates": 4,
          ]
        ],
      ],
      summary: [
        "fields": ["lab": ["run_id": 1200, "text": 1199, "prompt": 600, "model_role": 1200, "cost_usd": 0]],
        "pending": [],
        "warnings": ["logs/b.jsonl.gz ends early"],
      ],
      parameters: [
        "sources": [["name": "lab", "parts": [["map": ["run_id": "/id", "model_role": ["const": "coder"]]]]]]
      ],
      checks: [Receipt.Check("records-balance", pass: true, facts: ["read: 1205 = 1204 mapped + 1 quarantined"])])
  }

  func scoreReceipt(at second: Int64 = 20, accepted: Int64 = 900, previous: Digest? = nil) -> Receipt {
    let categories: JSON = [
      "accepted": .integer(accepted), "rejected": .integer(1196 - accepted), "needs_human_review": 2,
    ]
    return receipt(
      .score, at: second, inputs: [Self.evidence], outputs: [Self.scored, quarantine("score", "score", [])],
      counts: [
        "evidence": 1200, "scored": 1198, "judgements": 2, "comparisons": 0, "quarantined": 0,
        "judgements_matched": 1, "judgements_unmatched": 1, "judgements_stale": 0,
        "by_category": categories,
        "by_rule": ["verdict": 1196, "verdict_conflict": 2], "by_judge": ["test": 1196, "none": 2], "by_reason": [:],
        "by_source": ["lab": categories],
      ],
      summary: [
        "unmatched_examples": [
          ["source": "people", "source_file": "notes/x.jsonl", "line": 3, "about": ["run_id": "gone"]]
        ]
      ], previous: previous)
  }

  var exportReceipts: [Receipt] {
    let inputs = [Self.evidence, Self.scored]
    let rejected = (0..<4).map { (reason: "unsafe_rag_category", place: Optional((file: "logs/a.jsonl", line: $0))) }
    let rag = receipt(
      .exportRAG, at: 30, inputs: inputs,
      outputs: [
        file("exports/rag/playbooks.jsonl", records: 900),
        quarantine("rag", "export-rag", rejected + [("category_disallowed", nil)]),
      ],
      counts: [
        "scored": 1198, "exported": 900, "quarantined": 298,
        "by_reason": ["unsafe_rag_category": 296, "category_disallowed": 2], "by_category": ["accepted": 900],
        "by_source": ["lab": 900],
      ],
      summary: [
        "tasks": 40, "models": ["kimi-k2": 700, "": 200], "lengths": ["p10": 80, "p50": 1200, "p90": 20000],
        "repeated": 0,
      ], parameters: ["include_review": false])
    let sft = receipt(
      .exportSFT, at: 31, inputs: inputs,
      outputs: [file("exports/sft/instruction_response.jsonl", records: 900), quarantine("sft", "export-sft", [])],
      counts: [
        "scored": 1198, "exported": 900, "quarantined": 298, "by_reason": ["unsafe_sft_category": 298],
        "by_category": ["accepted": 900], "by_source": ["lab": 900],
      ],
      summary: [
        "tasks": 40, "models": ["kimi-k2": 900], "lengths": ["p10": 80, "p50": 1200, "p90": 20000], "repeated": 7,
        "without_messages": 12,
      ], parameters: ["dedupe": "none", "include_partial": false, "require_judge": []])
    let preference = receipt(
      .exportPreference, at: 32, inputs: inputs,
      outputs: [
        file("exports/preference/chosen_rejected.jsonl", records: 0), quarantine("preference", "export-preference", []),
      ],
      counts: [
        "scored": 1198, "quarantined": 0, "not_candidate": 2, "without_partner": 1196, "used": 0, "over_cap": 0,
        "exported": 0, "pairs_quarantined": 0, "by_reason": [:], "by_preference": [:],
      ],
      summary: [
        "tasks": 0, "models": [:], "lengths": ["p10": nil, "p50": nil, "p90": nil], "contested_texts": 0,
        "contested_runs": 0,
      ], parameters: ["max_pairs_per_task": 5])
    return [rag, sft, preference]
  }

  /// All five stages, built once.
  static func complete() -> ReportSpace {
    let space = ReportSpace()
    for receipt in [space.evidenceReceipt, space.scoreReceipt()] + space.exportReceipts { space.publish(receipt) }
    return space
  }
}
