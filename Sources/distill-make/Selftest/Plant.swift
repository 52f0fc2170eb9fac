import Receipts
import Stages

/// A contaminant, and where it must end.
struct Plant {
  enum Way {
    /// In a log, and so through all stages.
    case log
    /// No log can cause it: in a partition that is handed straight to the export actions.
    case partition
  }
  var what: String
  var way: Way
  /// Where it must be found stopped: stage and reason, each of them.
  var stoppedBy: [(stage: StageName, reason: Reason)]
  /// Lines of the planted log, or rows of the planted partition.
  var lines: [String]
  /// Is in the texts of the plant and nowhere else: no export may hold it.
  var canary: String
  /// Exports that may hold it all the same, by flag: a partially accepted run is no leak where it was asked for.
  var allowed: [StageName: Set<SelftestFlags>] = [:]
}

/// The flags of one build of the self-test.
enum SelftestFlags: String, CaseIterable {
  case none = "no flag"
  case review = "--include-review"
  case partial = "--include-partial"
  case both = "--include-review --include-partial"

  func apply(to options: inout ExportOptions) {
    options.includeReview = self == .review || self == .both
    options.includePartial = self == .partial || self == .both
  }
}

/// The contaminants that are planted, at least one for each of the eleven reasons.
enum Plants {
  static let sourceName = "selftest-plants"

  /// The source that reads the planted log. Its mapping is as plain as can be: what is tested is the firewall.
  static let configuration = """
    version: 1
    sources:
      - name: \(sourceName)
        files: selftest/plants.jsonl
        repository: selftest/repository
        map:
          run_id: /id
          task_id: /task
          prompt: /prompt
          text: /text
          source_files: {from: /files, optional: true}
        verdict:
          - {when: {/verdict: accepted}, is: accepted}
          - {when: {/verdict: partial}, is: partially_accepted}
          - {when: {/verdict: rejected}, is: rejected}
    """

  private static func run(
    _ id: String, _ canary: String, verdict: String, task: String? = nil, text: String? = nil, extra: String = ""
  ) -> String {
    """
    {"id":"\(id)","task":"\(task ?? "task-\(id)")","prompt":"prompt of \(task ?? id)","text":"\(text ?? "text \(canary)")",\
    "verdict":"\(verdict)"\(extra)}
    """
  }

  static func all(_ canary: (Int) -> String) -> [Plant] {
    var plants: [Plant] = []
    func add(
      _ what: String, way: Plant.Way = .log, _ stoppedBy: [(StageName, Reason)],
      allowed: [StageName: Set<SelftestFlags>] = [:], _ lines: (String) -> [String]
    ) {
      let word = canary(plants.count)
      plants.append(
        Plant(
          what: what, way: way, stoppedBy: stoppedBy.map { (stage: $0.0, reason: $0.1) }, lines: lines(word),
          canary: word, allowed: allowed))
    }
    let everyExport = Pipeline.exports

    add("a line that is not JSON", [(.buildEvidence, .schemaViolation)]) { ["{\"id\":\"broken\",\"text\":\"\($0)\""] }
    add("a text that is a boolean", [(.buildEvidence, .schemaViolation)]) {
      ["{\"id\":\"\($0)\",\"task\":\"t\",\"prompt\":\"p\",\"text\":true,\"verdict\":\"accepted\"}"]
    }
    add("a run without a run id", [(.buildEvidence, .missingSourceRunID)]) {
      ["{\"task\":\"t\",\"prompt\":\"p\",\"text\":\"\($0)\",\"verdict\":\"accepted\"}"]
    }
    // Two verdicts of one run are a conflict, which RAG takes where it is asked for.
    add(
      "the same run again, now accepted", [(.buildEvidence, .duplicateID)], allowed: [.exportRAG: [.review, .both]]
    ) { word in
      [
        run("plant-again", "first \(word)", verdict: "rejected"),
        run("plant-again", "second \(word)", verdict: "accepted"),
      ]
    }
    add("a rejected run", [(.exportRAG, .unsafeRAGCategory), (.exportSFT, .unsafeSFTCategory)]) {
      [run("plant-rejected", $0, verdict: "rejected")]
    }
    add(
      "a run that nobody judged", [(.exportRAG, .categoryDisallowed), (.exportSFT, .unsafeSFTCategory)],
      allowed: [.exportRAG: [.review, .both]]
    ) { [run("plant-unjudged", $0, verdict: "")] }
    add(
      "a partially accepted run", [(.exportSFT, .categoryDisallowed)],
      allowed: [.exportRAG: Set(SelftestFlags.allCases), .exportSFT: [.partial, .both]]
    ) { [run("plant-partial", $0, verdict: "partial")] }
    add(
      "an accepted run that says nothing",
      [(.exportRAG, .emptyContent), (.exportSFT, .emptyContent), (.exportPreference, .emptyContent)]
    ) { _ in [run("plant-empty", "", verdict: "accepted", text: " \\t\\u2003\\n")] }
    add("a run that names a file which is not in the repository", everyExport.map { ($0, .hallucinatedFilePath) }) {
      [run("plant-files", $0, verdict: "accepted", extra: ",\"files\":[\"src/no-such-file.swift\"]")]
    }
    add(
      "a text both accepted and rejected for one task", [(.exportPreference, .invalidPreferencePairing)],
      allowed: [.exportRAG: Set(SelftestFlags.allCases), .exportSFT: Set(SelftestFlags.allCases)]
    ) { word in
      ["accepted", "rejected"].map {
        run("plant-contested-\($0)", word, verdict: $0, task: "task-contested", text: "contested \(word)")
      }
    }
    add(
      "an accepted and a partially accepted run with the same text", [(.exportPreference, .selfPairing)],
      allowed: [.exportRAG: Set(SelftestFlags.allCases), .exportSFT: Set(SelftestFlags.allCases)]
    ) { word in
      ["accepted", "partial"].map {
        run("plant-self-\($0)", word, verdict: $0, task: "task-self", text: "the same \(word)")
      }
    }
    add("a scored run without provenance", way: .partition, everyExport.map { ($0, .missingProvenance) }) {
      [PlantedPartition.scored("no-provenance-\($0)", category: "accepted", provenance: false)]
    }
    add("a scored run without a run id", way: .partition, everyExport.map { ($0, .missingSourceRunID) }) { _ in
      [PlantedPartition.scored(nil, category: "accepted", provenance: true)]
    }
    add("a scored run without evidence", way: .partition, everyExport.map { ($0, .missingSourceRunID) }) {
      [PlantedPartition.scored("no-evidence-\($0)", category: "accepted", provenance: true)]
    }
    add("a row of another schema", way: .partition, everyExport.map { ($0, .schemaViolation) }) {
      ["{\"category\":\"accepted\",\"text\":\"\($0)\"}"]
    }
    add("a category that does not exist", way: .partition, everyExport.map { ($0, .schemaViolation) }) {
      [PlantedPartition.scored("category-\($0)", category: "excellent", provenance: true)]
    }
    return plants
  }
}
