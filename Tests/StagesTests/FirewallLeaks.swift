import JSONTape
import Receipts

@testable import Stages

/// What is wrong with exported rows, a sentence each.
extension FirewallOracle {
  /// Rows that may not be there.
  func leaks(rag rows: [JSON]) -> [String] {
    rows.compactMap { row in wrong(row, text: "content", mayBePlaybook) }
  }

  func leaks(sft rows: [JSON]) -> [String] {
    let leaks = rows.compactMap { row in
      wrong(row, text: "response", mayBeSample)
        ?? (same(row["instruction"], runs[place(row["provenance"])]?.record.prompt.text)
          ? nil : "another instruction: \(row)")
    }
    guard workspace.exports.dedupe == .exact else { return leaks }
    let repeated = rows.count - Set(rows.map { words(place($0["provenance"])) }).count
    return leaks + (repeated > 0 ? ["\(repeated) rows say what others say"] : [])
  }

  func leaks(preference rows: [JSON]) -> [String] {
    var counts: [Question: Int] = [:]
    var leaks: [String] = []
    for row in rows {
      let chosen = place(row["chosen_provenance"])
      let pair = pair(chosen, place(row["rejected_provenance"]))
      guard let pair, row["reason"]?.string == pair.reason.rawValue, same(row["chosen"], pair.chosen.text),
        same(row["rejected"], pair.rejected.text)
      else {
        leaks.append("no such pair: \(row)")
        continue
      }
      counts[pair.question, default: 0] += 1
    }
    let allowed = pairCounts
    for (question, count) in counts where count > allowed[question] ?? 0 {
      leaks.append("\(question) has \(count) pairs, \(allowed[question] ?? 0) are allowed")
    }
    return leaks
  }

  /// Rows that must be there.
  func missing(rag rows: [JSON]) -> [String] { missing(rows, mayBePlaybook) { [$0] } }

  func missing(sft rows: [JSON]) -> [String] {
    workspace.exports.dedupe == .exact ? missing(rows, mayBeSample, words) : missing(rows, mayBeSample) { [$0] }
  }

  func missing(preference rows: [JSON]) -> [String] {
    var counts: [Question: Int] = [:]
    for row in rows {
      guard let record = entries[place(row["chosen_provenance"])]?.record else { continue }
      counts[Question(record), default: 0] += 1
    }
    return pairCounts.filter { $0.value > counts[$0.key] ?? 0 }
      .map { "\($0.key) has \(counts[$0.key] ?? 0) of \($0.value) pairs" }
  }

  // MARK: Means

  func place(_ provenance: JSON?) -> Place {
    Place(path: provenance?["source_file"]?.string ?? "", line: Int(provenance?["line_offset"]?.integer ?? -1))
  }

  /// Do provenance's bytes hold the record? They are counted in the uncompressed file.
  func isTrue(_ provenance: JSON?) -> Bool {
    guard let entry = entries[place(provenance)], entry.record != nil else { return false }
    return provenance?["byte_offset"]?.integer == Int64(entry.offset)
      && provenance?["byte_length"]?.integer == Int64(entry.bytes.count)
  }

  /// Byte for byte: `==` takes two spellings of é for one.
  private func same(_ value: JSON?, _ text: String?) -> Bool {
    value?.string.map { Array($0.utf8) } == text.map { Array($0.utf8) }
  }

  /// What folding leaves of a sample.
  private func words(_ place: Place) -> [Int] {
    runs[place].map { [$0.record.prompt.meaning, $0.record.text.meaning] } ?? []
  }

  private func wrong(_ row: JSON, text: String, _ isAllowed: (Run) -> Bool) -> String? {
    guard let run = runs[place(row["provenance"])], isTrue(row["provenance"]) else { return "from nowhere: \(row)" }
    if !isAllowed(run) { return "\(run.category) from \(run.place): \(row)" }
    guard same(row[text], run.record.text.text), row["source_run_id"]?.string == run.record.id,
      row["task_id"]?.string == run.record.task
    else { return "not what the record says: \(row)" }
    return nil
  }

  private func missing<Key: Hashable>(
    _ rows: [JSON], _ isAllowed: (Run) -> Bool, _ key: (Place) -> [Key]
  ) -> [String] {
    let there = Set(rows.map { key(place($0["provenance"])) })
    return runs.values.filter { isAllowed($0) && !there.contains(key($0.place)) }
      .map { "\($0.record.id) at \($0.place) is not there" }
  }

  private func pair(
    _ chosen: Place, _ rejected: Place
  ) -> (chosen: Wording, rejected: Wording, reason: PreferenceReason, question: Question)? {
    if let comparison = comparisons[chosen] {
      guard chosen == rejected, mayBePair(comparison), let isA = winner(comparison) else { return nil }
      let texts = isA ? (comparison.text, comparison.rival) : (comparison.rival, comparison.text)
      return (texts.0, texts.1, .preferred, Question(comparison))
    }
    guard let better = runs[chosen], let worse = runs[rejected], mayBeOnASide(better), mayBeOnASide(worse),
      better.category == .accepted, worse.category == .rejected || worse.category == .partiallyAccepted,
      Question(better.record) == Question(worse.record), better.record.text.meaning != worse.record.text.meaning
    else { return nil }
    let reason: PreferenceReason =
      worse.category == .rejected ? .acceptedOverRejected : .acceptedOverPartiallyAccepted
    return (better.record.text, worse.record.text, reason, Question(better.record))
  }
}
