@testable import Stages

/// What must become of the records of a random workspace, found out from what they mean, by rules written down once
/// more: none of the program's code that reads, scores, folds or pairs has a part in it.
struct FirewallOracle {
  struct Place: Hashable {
    var path: String
    var line: Int
  }

  /// A record that is evidence.
  struct Run {
    var record: RandomRecord
    var place: Place
    var category = Category.needsHumanReview
    /// Kind of the judge whose word it is; nil: nobody's.
    var judge: String?
    /// Does one of the rules 1 to 6 hold?
    var isDecided = false
    /// Verdicts of dropped duplicates.
    var others: [Verdict] = []
  }

  let workspace: RandomWorkspace
  /// Raw records by place.
  private(set) var entries: [Place: RandomFile.Entry] = [:]
  /// Runs and extractions.
  private(set) var runs: [Place: Run] = [:]
  private(set) var comparisons: [Place: RandomRecord] = [:]
  private(set) var judgements: [Run] = []
  /// What build-evidence stops.
  private(set) var stopped: [Place: Reason] = [:]
  private(set) var isRefused = false

  init(_ workspace: RandomWorkspace) {
    self.workspace = workspace
    isRefused = workspace.isAmbiguous || workspace.closed != nil
    for files in Dictionary(grouping: workspace.files, by: \.source).values {
      read(files)
    }
    for place in runs.keys { decide(place) }
    for place in runs.keys { inherit(place) }
  }

  // MARK: Evidence

  /// A source is refused, if all of its records are bad or none has the member that is mapped to the run id, and so is
  /// a file of two or more bad ones.
  private mutating func read(_ files: [RandomFile]) {
    var firsts: [String: Place] = [:]
    var total = (read: 0, bad: 0)
    for file in files {
      let entries = file.entries
      let read = entries.count + (file.hasPending ? 1 : 0)
      let bad = entries.count { $0.reason != nil }
      if read >= 2 && bad == read { isRefused = true }
      total = (total.read + read, total.bad + bad)
      for entry in entries { add(entry, Place(path: file.path, line: entry.line), &firsts) }
    }
    if total.read > 0 && total.bad == total.read { isRefused = true }
    let damages = files.flatMap(\.entries).compactMap(\.record).map(\.damage)
    if damages.contains(.noID) && !damages.contains(where: { $0?.showsID ?? true }) { isRefused = true }
  }

  private mutating func add(_ entry: RandomFile.Entry, _ place: Place, _ firsts: inout [String: Place]) {
    entries[place] = entry
    if let reason = entry.reason {
      stopped[place] = reason
      return
    }
    guard let record = entry.record else { return }
    let identity = record.hasID ? record.id : "no id, number \(record.number)"
    if let first = firsts[identity] {
      stopped[place] = .duplicateID
      return remember(record, at: first)
    }
    firsts[identity] = place
    switch record.kind {
    case .run, .extraction: runs[place] = Run(record: record, place: place)
    case .verdict: judgements.append(Run(record: record, place: place))
    case .comparison: comparisons[place] = record
    }
  }

  /// What a dropped duplicate says otherwise: its verdict is one more, and a person's word on it that the first one
  /// lacks needs a person again. A judgement about something else would be lost.
  private mutating func remember(_ dropped: RandomRecord, at first: Place) {
    if dropped.kind == .verdict, dropped.verdict != nil || dropped.override != nil, let kept = entries[first]?.record,
      kept.about != dropped.about || kept.aboutText.map({ Array($0.utf8) }) != dropped.aboutText.map({ Array($0.utf8) })
    {
      isRefused = true
    }
    if let verdict = dropped.verdict {
      runs[first]?.others.append(verdict)
      if let index = judgements.firstIndex(where: { $0.place == first }) { judgements[index].others.append(verdict) }
    }
    guard let word = dropped.override, word != entries[first]?.record?.override else { return }
    runs[first]?.record.override = .needsHumanReview
    if let index = judgements.firstIndex(where: { $0.place == first }) {
      judgements[index].record.override = .needsHumanReview
    }
  }

  // MARK: Categories

  private mutating func decide(_ place: Place) {
    guard var run = runs[place] else { return }
    let own = run.record
    let about = judgements.filter { judgement in
      own.source == "alpha" && judgement.record.about == own.id
        && judgement.record.aboutText.map { $0.utf8.elementsEqual(own.text.text.utf8) } ?? true
    }
    func isVerdict(_ verdict: Verdict?) -> Bool { verdict != nil && verdict != .skipped }
    let judged = about.map(\.record.verdict).first(where: isVerdict) ?? nil
    let known = Set(
      ([own.verdict] + run.others + about.flatMap { [$0.record.verdict] + $0.others }).filter(isVerdict))
    let isOwn = isVerdict(own.verdict)
    run.isDecided = true
    if let last = ([run] + about).filter({ $0.record.override != nil }).max(by: isEarlier) {
      (run.category, run.judge) = (last.record.override!, "human")
    } else if known.count > 1 || (known.count == 1 && !isOwn && judged == nil) {
      // They disagree, or only a record that was dropped has a verdict.
      run.category = .needsHumanReview
    } else if own.verdict == .skipped && judged == nil {
      run.category = .needsHumanReview
    } else if let verdict = isOwn ? own.verdict : judged {
      (run.category, run.judge) = (Self.category(verdict), isOwn ? "test" : "human")
    } else if let score = own.score {
      (run.category, run.judge) = (score >= 0.9 ? .accepted : score >= 0.5 ? .partiallyAccepted : .rejected, "reward")
    } else if let grounded = own.grounded {
      (run.category, run.judge) = (grounded >= 0.8 ? .accepted : .rejected, "reward")
    } else {
      run.isDecided = false
    }
    runs[place] = run
  }

  /// By time, file, place. A word without a time is the earliest.
  private func isEarlier(_ left: Run, _ right: Run) -> Bool {
    func rank(_ run: Run) -> (Int, String, Int) { (run.record.time ?? -1, run.place.path, run.place.line) }
    return rank(left) < rank(right)
  }

  private static func category(_ verdict: Verdict) -> Category {
    switch verdict {
    case .accepted: .accepted
    case .partiallyAccepted: .partiallyAccepted
    case .rejected: .rejected
    case .skipped: .needsHumanReview
    }
  }

  /// A distilled text is worth what its runs are worth, if they agree.
  private mutating func inherit(_ place: Place) {
    guard let note = runs[place], note.record.kind == .extraction, !note.isDecided else { return }
    let parents = runs.values.filter { run in
      guard run.record.kind == .run, run.isDecided else { return false }
      guard let about = note.record.about else { return run.record.task == note.record.task }
      return run.record.source == "alpha" && run.record.id == about
    }
    let categories = Set(parents.map(\.category))
    runs[place]?.category = categories.count == 1 ? categories.first! : .needsHumanReview
  }
}
