import JSONTape

/// A run that may stand in a pair.
struct PairingCandidate {
  var task: Hash128
  /// Of the folded prompt; zero: the run has none.
  var prompt: Hash128
  /// Of the folded text.
  var text: Hash128
  /// Orders the runs of a side whatever the order of the input.
  var order: Hash128
  var category: Category
  /// Which fragment it is in, and its line there.
  var fragment: Int
  var row: Int64
  /// Of text and prompt.
  var byteCount = 0

  var side: Pairing.Side { Pairing.Side(fragment: fragment, row: row, kind: .run) }
}

/// A pairwise judgement that has a winner.
struct PairingComparison {
  var task: Hash128
  var prompt: Hash128
  /// Of the folded texts.
  var chosen: Hash128
  var rejected: Hash128
  var order: Hash128
  var fragment: Int
  /// Line of the evidence.
  var row: Int64
  /// Of both texts, and of the prompt on both sides.
  var byteCount = 0
}

/// How the runs of one task become pairs.
///
/// * A text that the task has both accepted and rejected is *contested*: its verdict does not come from the text, so it can
///   teach nothing, and stands on no side.
/// * Runs pair only with runs of the same folded prompt: other answers to another question prove nothing.
/// * Accepted over rejected; accepted over partially accepted only where there is no rejected: the wider gap is the clearer
///   signal.
/// * Equal texts within a side count once, or a model that says the same thing often would fill the cap.
/// * Comparisons make pairs of their own (`preferred`), in the order of a hash of their identity, as far as the verdicts left
///   room under the cap.
/// * Both sides are in the order of a hash of the run's identity. In round d = 0, 1, … the i-th run of the longer side meets
///   number (i + d) mod m of the shorter one, m long: in round 0 every run of the longer side takes part, and no run of the
///   shorter side is used twice before each was used once.
struct Pairing {
  /// Where a side's text is to be gathered.
  struct Side: Equatable {
    enum Kind: Int64 { case run, comparisonChosen, comparisonRejected }
    var fragment: Int
    /// Line of `scored` for a run, of `evidence` for a comparison.
    var row: Int64
    var kind: Kind
  }
  struct Pair {
    var chosen: Side
    var rejected: Side
    var reason: PreferenceReason
    /// Both texts are the same: the pair goes to quarantine.
    var isSelfPairing: Bool
    /// Of what both sides show.
    var byteCount: Int
  }
  /// What became of a candidate; each has one.
  enum Fate: Equatable {
    case contested, notCandidate, withoutPartner, used, overCap
  }

  var pairs: [Pair] = []
  /// In the order of the candidates handed in.
  var fates: [Fate]
  /// In the order of the comparisons handed in: contested, used (also in a pair that fails) or over the cap.
  var comparisonFates: [Fate]
  private var made: [Hash128: Int] = [:]

  /// - Parameters:
  ///   - candidates: all of one task.
  ///   - comparisons: all of that task.
  ///   - maximum: pairs a prompt, at least 1.
  init(
    _ candidates: [PairingCandidate], comparisons: [PairingComparison] = [], maximum: Int,
    behind firewall: Firewall = Firewall()
  ) {
    comparisonFates = Array(repeating: .overCap, count: comparisons.count)
    fates = Array(repeating: .withoutPartner, count: candidates.count)
    let accepted = Set(candidates.lazy.filter { $0.category == .accepted }.map(\.text))
    let rejected = Set(candidates.lazy.filter { $0.category == .rejected }.map(\.text))
    let contested = firewall.has(.contested) ? accepted.intersection(rejected) : []
    var prompts: [Hash128: [Int]] = [:]
    for (index, candidate) in candidates.enumerated() {
      if contested.contains(candidate.text) {
        fates[index] = .contested
      } else {
        prompts[candidate.prompt, default: []].append(index)
      }
    }
    for (prompt, members) in prompts.sorted(by: { $0.key < $1.key }) {
      made[prompt] = pair(candidates, members, maximum)
    }
    for index in comparisons.indices.sorted(by: { comparisons[$0].order < comparisons[$1].order }) {
      comparisonFates[index] = add(comparisons[index], contested, maximum)
    }
  }

  private mutating func add(_ comparison: PairingComparison, _ contested: Set<Hash128>, _ maximum: Int) -> Fate {
    if contested.contains(comparison.chosen) || contested.contains(comparison.rejected) { return .contested }
    let isSelfPairing = comparison.chosen == comparison.rejected
    if !isSelfPairing {
      guard made[comparison.prompt, default: 0] < maximum else { return .overCap }
      made[comparison.prompt, default: 0] += 1
    }
    func side(_ kind: Side.Kind) -> Side { Side(fragment: comparison.fragment, row: comparison.row, kind: kind) }
    pairs.append(
      Pair(
        chosen: side(.comparisonChosen), rejected: side(.comparisonRejected), reason: .preferred,
        isSelfPairing: isSelfPairing, byteCount: comparison.byteCount))
    return .used
  }

  /// Returns how many pairs were made.
  private mutating func pair(_ candidates: [PairingCandidate], _ members: [Int], _ maximum: Int) -> Int {
    let accepted = side(candidates, members, .accepted)
    var others = side(candidates, members, .rejected)
    let hasRejected = !others.isEmpty
    if hasRejected {
      for index in members where candidates[index].category == .partiallyAccepted { fates[index] = .notCandidate }
    } else {
      others = side(candidates, members, .partiallyAccepted)
    }
    guard !accepted.isEmpty, !others.isEmpty else { return 0 }
    let reason: PreferenceReason = hasRejected ? .acceptedOverRejected : .acceptedOverPartiallyAccepted
    let isAcceptedLonger = accepted.count >= others.count
    let (longer, shorter) = isAcceptedLonger ? (accepted, others) : (others, accepted)
    var made = 0
    rounds: for distance in 0..<shorter.count {
      for (place, one) in longer.enumerated() {
        if made == maximum { break rounds }
        let other = shorter[(place + distance) % shorter.count]
        let (chosen, rejected) = isAcceptedLonger ? (one, other) : (other, one)
        let isSelfPairing = candidates[chosen].text == candidates[rejected].text
        pairs.append(
          Pair(
            chosen: candidates[chosen].side, rejected: candidates[rejected].side, reason: reason,
            isSelfPairing: isSelfPairing, byteCount: candidates[chosen].byteCount + candidates[rejected].byteCount))
        if isSelfPairing { continue }
        made += 1
        fates[chosen] = .used
        fates[rejected] = .used
      }
    }
    for (mine, theirs) in [(accepted, others), (others, accepted)] {
      for index in mine where fates[index] != .used {
        let hasPartner = theirs.contains { candidates[$0].text != candidates[index].text }
        fates[index] = hasPartner ? .overCap : .withoutPartner
      }
    }
    return made
  }

  /// One side in its order, each text once.
  private func side(_ candidates: [PairingCandidate], _ members: [Int], _ category: Category) -> [Int] {
    let ordered = members.filter { candidates[$0].category == category }
      .sorted { candidates[$0].order < candidates[$1].order }
    var seen: Set<Hash128> = []
    return ordered.filter { seen.insert(candidates[$0].text).inserted }
  }
}
