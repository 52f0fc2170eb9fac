import JSONTape
import Receipts
import Stages

/// Brings judgements and parents to the runs that they are about, and applies the rules again where there are some.
struct EvidenceJoin {
  let partitions: [RelativePath]
  let parameters: JSON
  let views: FileViews

  /// What became of the judgements.
  struct Outcome: Sendable {
    var matched: Int64 = 0
    var unmatched: Int64 = 0
    var stale: Int64 = 0
  }

  func apply(to index: inout EvidenceIndex) throws -> Outcome {
    var outcome = Outcome()
    var judgements: [Int: [EvidenceJudgement]] = [:]
    for judgement in index.judgements {
      if let run = judgement.target.flatMap({ index.byIdentity[$0] }) {
        judgements[run, default: []].append(judgement)
        outcome.matched += 1
      } else {
        outcome.unmatched += 1
      }
    }
    if judgements.isEmpty && index.extractions.isEmpty { return outcome }
    let rows = EvidenceRowReader(partitions: partitions, files: views)
    let scratch = RowScratch(evidence: rows)
    let cuts = try CutTable(parameters)
    for run in judgements.keys.sorted() {
      let row = try self.row(index.runs[run].place, rows, scratch)
      var all = judgements[run] ?? []
      let text = row.plain(EvidenceField.text, scratch.plain).map { Digest.of($0).hex }
      let current = all.filter { $0.textHash == nil || $0.textHash == text }
      outcome.stale += Int64(all.count - current.count)
      all = current.enumerated().sorted { left, right in
        left.element.order == right.element.order
          ? left.offset < right.offset : left.element.order < right.element.order
      }.map(\.element)
      judgements[run] = all
      var knowledge = RunKnowledge(row, index.runs[run].kind, cuts, scratch)
      knowledge.judgements = all
      let own = knowledge.rulingOfRun()
      index.runs[run].ownCategory = own?.category
      index.judgedBy[run] = index.runs[run].decide(own ?? knowledge.ruling(), row, all, scratch)
    }
    let parents = Self.parents(in: index)
    for extraction in index.extractions.map(\.run) where index.runs[extraction].ownCategory == nil {
      guard let found = parents[extraction] else { continue }
      let row = try self.row(index.runs[extraction].place, rows, scratch)
      var knowledge = RunKnowledge(row, .extraction, cuts, scratch)
      knowledge.judgements = judgements[extraction] ?? []
      knowledge.parents = found
      index.judgedBy[extraction] = index.runs[extraction].decide(
        knowledge.ruling(), row, knowledge.judgements, scratch)
    }
    return outcome
  }

  private func row(_ place: RowPlace, _ rows: EvidenceRowReader, _ scratch: RowScratch) throws -> RowReader {
    scratch.plain.removeAll()
    // It was read before.
    _ = scratch.row.read(try rows.bytes(at: place))
    return scratch.row
  }

  /// Of each extraction that has some: what rules 1 to 6 made of the run that it names, else of all runs of its task.
  private static func parents(in index: EvidenceIndex) -> [Int: RunKnowledge.Parents] {
    var byRun: [Hash128: [Int]] = [:]
    var byTask: [Hash128: [Int]] = [:]
    for extraction in index.extractions {
      if let parent = extraction.parent {
        byRun[parent, default: []].append(extraction.run)
      } else {
        byTask[index.runs[extraction.run].task, default: []].append(extraction.run)
      }
    }
    var found: [Int: (categories: Set<Category>, count: Int)] = [:]
    if byRun.isEmpty && byTask.isEmpty { return [:] }
    for run in index.runs where !run.isExtraction {
      guard let category = run.ownCategory else { continue }
      for child in (byRun[run.identity] ?? []) + (byTask[run.task] ?? []) {
        found[child, default: ([], 0)].categories.insert(category)
        found[child]!.count += 1
      }
    }
    return found.mapValues { parents in
      RunKnowledge.Parents(categories: Category.allCases.filter(parents.categories.contains), count: parents.count)
    }
  }
}
