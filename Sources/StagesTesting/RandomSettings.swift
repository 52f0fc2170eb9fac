/// A `distill.yaml` over the sources of a random workspace, with what can be set differently.
public struct RandomSettings: Sendable {
  public var sources: Set<RandomSource> = Set(RandomSource.allCases)
  private var acceptAt = 8
  private var brokenIs = "rejected"
  private var dedupe = "none"
  private var includeReview = false
  private var includePartial = false
  private var maxPairs = 5
  private var requireJudge = "[]"
  private var isReversed = false
  private var comment = 0

  init() {}

  init(using generator: inout SeededGenerator) {
    for _ in 0..<4 { _ = edit(using: &generator) }
  }

  mutating func edit(using generator: inout SeededGenerator) -> String {
    switch generator.below(10) {
    case 0:
      let source = generator.pick([RandomSource.documents, .reviews, .notes, .comparisons, .held])
      if sources.remove(source) == nil { sources.insert(source) }
      return "source \(source) in or out"
    case 1: acceptAt = 5 + generator.below(5)
    case 2: brokenIs = generator.pick(["rejected", "partially_accepted", "skipped"])
    case 3: dedupe = generator.pick(["none", "exact"])
    case 4: includeReview.toggle()
    case 5: includePartial.toggle()
    case 6: maxPairs = 1 + generator.below(6)
    case 7: requireJudge = generator.pick(["[]", "[test]", "[human, model]"])
    case 8: isReversed.toggle()
    default: comment += 1
    }
    return "settings"
  }

  var configuration: String {
    var parts = [Self.runs(brokenIs)]
    if sources.contains(.documents) { parts.append(Self.documents(acceptAt)) }
    if sources.contains(.reviews) { parts.append(Self.reviews) }
    if sources.contains(.notes) { parts.append(Self.notes) }
    if sources.contains(.comparisons) { parts.append(Self.comparisons) }
    if isReversed { parts.reverse() }
    let held = sources.contains(.held) ? "  holdout: {files: held/*.jsonl, prompt: /prompt}\n" : ""
    return "# \(comment)\nversion: 1\nsources:\n" + parts.joined() + """
      exports:
        rag: {include_review: \(includeReview)}
        sft: {include_partial: \(includePartial), dedupe: \(dedupe), require_judge: \(requireJudge)}
        preference: {max_pairs_per_task: \(maxPairs)}

      """ + held
  }

  private static func verdicts(_ brokenIs: String) -> String {
    """
        verdict:
          - {when: {/tests: passed}, is: accepted, optional: true}
          - {when: {/tests: flaky}, is: partially_accepted, optional: true}
          - {when: {/tests: failed}, is: rejected, optional: true}
          - {when: {/tests: broken}, is: \(brokenIs), optional: true}
          - {when: {/tests: open}, is: skipped, optional: true}

    """
  }

  private static func runs(_ brokenIs: String) -> String {
    """
      - name: runs
        files: runs/*.jsonl
        map:
          run_id: {from: /id, optional: true}
          task_id: {from: /task, optional: true}
          timestamp: {from: /at, optional: true}
          model_name: {from: /model, optional: true}
          prompt: {from: /ask, optional: true}
          text: {from: /says, optional: true}
        judged_by: {kind: test}

    """ + verdicts(brokenIs)
  }

  private static func documents(_ acceptAt: Int) -> String {
    """
      - name: documents
        files: documents/*.json
        records: /runs/*
        lookups: {tasks: {files: tasks/*.jsonl, key: /key}}
        map:
          run_id: {from: /id, optional: true}
          task_id: {from: /task, optional: true}
          prompt: {lookup: tasks, key: "{/task}-7", value: /ask, optional: true}
          text: {from: /says, optional: true}
          score: {from: /score, optional: true}
        thresholds: {score: {accept_at: 0.\(acceptAt), partial_at: 0.4}}
        judged_by: {kind: reward}

    """
  }

  private static let reviews =
    """
      - name: reviews
        files: reviews/*.jsonl
        kind: verdict
        map:
          about: {source: runs, run_id: {from: /run, optional: true}}
          timestamp: {from: /at, optional: true}
          human_override: {from: /override, optional: true}
          judged_by: {kind: human, name: {from: /by, optional: true}}

    """ + verdicts("rejected")

  private static let notes = """
      - name: notes
        files: notes/*.jsonl
        kind: extraction
        map:
          run_id: {from: /id, optional: true}
          timestamp: {from: /at, optional: true}
          text: {from: /says, optional: true}
          about:
            source: runs
            run_id: {from: /run, optional: true}
            task_id: {from: /task, optional: true}

    """

  private static let comparisons = """
      - name: comparisons
        files: comparisons/*.jsonl
        kind: comparison
        map:
          run_id: {from: /id, optional: true}
          task_id: {from: /task, optional: true}
          timestamp: {from: /at, optional: true}
          prompt: {from: /ask, optional: true}
          a: {text: {from: /a, optional: true}}
          b: {text: {from: /b, optional: true}}
        votes: [{from: /vote, optional: true}]
        winner: {1: a, 2: b, 0: tie}

    """
}
