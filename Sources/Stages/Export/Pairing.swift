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
}

/// How the runs of one task become pairs.
///
/// * A text that the task has both accepted and rejected is *contested*: its verdict does not come from the text, so it can
///   teach nothing, and stands on no side.
/// * Runs pair only with runs of the same folded prompt: other answers to another question prove nothing.
/// * Accepted over rejected; accepted over partially accepted only where there is no rejected: the wider gap is the clearer
///   signal.
/// * Equal texts within a side count once, or a model that says the same thing often would fill the cap.
/// * Both sides are in the order of a hash of the run's identity. In round d = 0, 1, … the i-th run of the longer side meets
///   number (i + d) mod m of the shorter one, m long: in round 0 every run of the longer side takes part, and no run of the
///   shorter side is used twice before each was used once.
struct Pairing {
  struct Pair {
    var chosen: PairingCandidate
    var rejected: PairingCandidate
    var reason: PreferenceReason
    /// Both texts are the same: the pair goes to quarantine.
    var isSelfPairing: Bool
  }
  /// What became of a candidate; each has one.
  enum Fate: Equatable {
    case contested, notCandidate, withoutPartner, used, overCap
  }

  var pairs: [Pair] = []
  /// In the order of the candidates handed in.
  var fates: [Fate]

  /// - Parameters:
  ///   - candidates: all of one task.
  ///   - maximum: pairs a prompt, at least 1.
  init(_ candidates: [PairingCandidate], maximum: Int) {
    fates = Array(repeating: .withoutPartner, count: candidates.count)
    let accepted = Set(candidates.lazy.filter { $0.category == .accepted }.map(\.text))
    let rejected = Set(candidates.lazy.filter { $0.category == .rejected }.map(\.text))
    let contested = accepted.intersection(rejected)
    var prompts: [Hash128: [Int]] = [:]
    for (index, candidate) in candidates.enumerated() {
      if contested.contains(candidate.text) {
        fates[index] = .contested
      } else {
        prompts[candidate.prompt, default: []].append(index)
      }
    }
    for (_, members) in prompts.sorted(by: { $0.key < $1.key }) { pair(candidates, members, maximum) }
  }

  private mutating func pair(_ candidates: [PairingCandidate], _ members: [Int], _ maximum: Int) {
    let accepted = side(candidates, members, .accepted)
    var others = side(candidates, members, .rejected)
    let hasRejected = !others.isEmpty
    if hasRejected {
      for index in members where candidates[index].category == .partiallyAccepted { fates[index] = .notCandidate }
    } else {
      others = side(candidates, members, .partiallyAccepted)
    }
    guard !accepted.isEmpty, !others.isEmpty else { return }
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
            chosen: candidates[chosen], rejected: candidates[rejected], reason: reason, isSelfPairing: isSelfPairing))
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
  }

  /// One side in its order, each text once.
  private func side(_ candidates: [PairingCandidate], _ members: [Int], _ category: Category) -> [Int] {
    let ordered = members.filter { candidates[$0].category == category }
      .sorted { candidates[$0].order < candidates[$1].order }
    var seen: Set<Hash128> = []
    return ordered.filter { seen.insert(candidates[$0].text).inserted }
  }
}
