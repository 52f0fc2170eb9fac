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
  /// Which fragment it is in, and the places of its evidence and its scored run there.
  var fragment: Int
  var place: Int
  var scoredPlace = 0
  /// Of text and prompt.
  var byteCount = 0

  var side: Pairing.Side { Pairing.Side(fragment: fragment, place: place, scoredPlace: scoredPlace) }
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
  /// Of the evidence.
  var place: Int
  /// Of both texts, and of the prompt on both sides.
  var byteCount = 0

  /// Both sides are in the same row.
  var side: Pairing.Side { Pairing.Side(fragment: fragment, place: place) }
}

/// How the runs of one task become pairs.
///
/// * A text that the task has both accepted and rejected is *contested*: its verdict does not come from the text, so it
///   can teach nothing, and stands on no side.
/// * Runs pair only with runs of the same folded prompt: other answers to another question prove nothing.
/// * Accepted over rejected; accepted over partially accepted only where there is no rejected: the wider gap is the
///   clearer signal.
/// * Equal texts within a side count once, or a model that says the same thing often would fill the cap.
/// * Comparisons make pairs of their own (`preferred`), in the order of a hash of their identity, as far as the
///   verdicts left room under the cap. A text that the task has rejected is never the better one: who is preferred is
///   not thereby good.
/// * Both sides are in the order of a hash of the run's identity. In round d = 0, 1, … the i-th run of the longer side
///   meets number (i + d) mod m of the shorter one, m long: in round 0 every run of the longer side takes part, and no
///   run of the shorter side is used twice before each was used once.
struct Pairing {
  /// Where what a side shows is to be gathered.
  struct Side: Equatable {
    var fragment: Int
    /// Of the row of evidence.
    var place: Int
    /// nil: a side of a comparison, which has no scored run.
    var scoredPlace: Int?
  }
  struct Pair {
    var chosen: Side
    var rejected: Side
    var reason: PreferenceReason
    /// Both texts are the same: the pair goes to quarantine.
    var isSelfPairing: Bool
    /// Of what both sides show.
    var byteCount = 0
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
  /// Texts that are both accepted and rejected, ascending.
  private(set) var contestedTexts: [Hash128] = []
  /// Ascending; known where there are comparisons.
  private var rejectedTexts: [Hash128] = []
  private var made: [Hash128: Int] = [:]

  /// - Parameters:
  ///   - candidates: all of one task.
  ///   - comparisons: all of that task.
  ///   - maximum: pairs a prompt, at least 1.
  init(
    _ candidates: ArraySlice<PairingCandidate>, comparisons: ArraySlice<PairingComparison> = [], maximum: Int,
    behind firewall: Firewall = Firewall()
  ) {
    comparisonFates = Array(repeating: .overCap, count: comparisons.count)
    fates = Array(repeating: .withoutPartner, count: candidates.count)
    if firewall.has(.contested) {
      contestedTexts = Self.contestedTexts(candidates)
      if !comparisons.isEmpty { rejectedTexts = Self.texts(candidates, .rejected).sorted() }
    }
    let first = candidates.startIndex
    var members: [Int] = []
    members.reserveCapacity(candidates.count)
    for index in candidates.indices {
      if isContested(candidates[index].text) {
        fates[index - first] = .contested
      } else {
        members.append(index)
      }
    }
    members.sort {
      (candidates[$0].prompt, candidates[$0].order) < (candidates[$1].prompt, candidates[$1].order)
    }
    var start = 0
    while start < members.count {
      let prompt = candidates[members[start]].prompt
      var end = start + 1
      while end < members.count, candidates[members[end]].prompt == prompt { end += 1 }
      let count = pair(candidates, members[start..<end], maximum)
      if !comparisons.isEmpty { made[prompt] = count }
      start = end
    }
    for index in comparisons.indices.sorted(by: { comparisons[$0].order < comparisons[$1].order }) {
      comparisonFates[index - comparisons.startIndex] = add(comparisons[index], maximum)
    }
  }

  private static func contestedTexts(_ candidates: ArraySlice<PairingCandidate>) -> [Hash128] {
    let accepted = texts(candidates, .accepted)
    if accepted.isEmpty { return [] }
    let rejected = texts(candidates, .rejected).sorted()
    if rejected.isEmpty { return [] }
    var found: [Hash128] = []
    for text in accepted.sorted() where found.last != text && Self.has(rejected, text) { found.append(text) }
    return found
  }

  private static func texts(_ candidates: ArraySlice<PairingCandidate>, _ category: Category) -> [Hash128] {
    var texts: [Hash128] = []
    for candidate in candidates where candidate.category == category { texts.append(candidate.text) }
    return texts
  }

  private func isContested(_ text: Hash128) -> Bool { Self.has(contestedTexts, text) }

  private static func has(_ sorted: [Hash128], _ hash: Hash128) -> Bool {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < hash { low = middle + 1 } else { high = middle }
    }
    return low < sorted.count && sorted[low] == hash
  }

  private mutating func add(_ comparison: PairingComparison, _ maximum: Int) -> Fate {
    if isContested(comparison.chosen) || isContested(comparison.rejected)
      || Self.has(rejectedTexts, comparison.chosen)
    {
      return .contested
    }
    let isSelfPairing = comparison.chosen == comparison.rejected
    if !isSelfPairing {
      guard made[comparison.prompt, default: 0] < maximum else { return .overCap }
      made[comparison.prompt, default: 0] += 1
    }
    pairs.append(
      Pair(
        chosen: comparison.side, rejected: comparison.side, reason: .preferred, isSelfPairing: isSelfPairing,
        byteCount: comparison.byteCount))
    return .used
  }

  /// - Parameter members: of one prompt, in the order of their runs.
  /// - Returns: how many pairs were made.
  private mutating func pair(
    _ candidates: ArraySlice<PairingCandidate>, _ members: ArraySlice<Int>, _ maximum: Int
  ) -> Int {
    let first = candidates.startIndex
    let accepted = Self.side(candidates, members, .accepted)
    var others = Self.side(candidates, members, .rejected)
    let hasRejected = !others.isEmpty
    if hasRejected {
      for index in members where candidates[index].category == .partiallyAccepted {
        fates[index - first] = .notCandidate
      }
    } else {
      others = Self.side(candidates, members, .partiallyAccepted)
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
        fates[chosen - first] = .used
        fates[rejected - first] = .used
      }
    }
    for (mine, theirs) in [(accepted, others), (others, accepted)] {
      for index in mine where fates[index - first] != .used {
        let hasPartner = theirs.contains { candidates[$0].text != candidates[index].text }
        fates[index - first] = hasPartner ? .overCap : .withoutPartner
      }
    }
    return made
  }

  /// Up to here, looking at each text takes less than hashing.
  private static let lookedAt = 16

  /// One side in its order, each text once.
  private static func side(
    _ candidates: ArraySlice<PairingCandidate>, _ members: ArraySlice<Int>, _ category: Category
  ) -> [Int] {
    var side: [Int] = []
    var seen: Set<Hash128> = []
    for index in members where candidates[index].category == category {
      let text = candidates[index].text
      if members.count > lookedAt {
        guard seen.insert(text).inserted else { continue }
      } else if side.contains(where: { candidates[$0].text == text }) {
        continue
      }
      side.append(index)
    }
    return side
  }
}
