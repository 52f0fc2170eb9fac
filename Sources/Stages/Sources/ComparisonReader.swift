import JSONTape
import Receipts

/// Reads what a part of `kind: comparison` says beside `map`.
struct ComparisonReader {
  static let keys = ["votes", "winner", "decide"]

  let section: ConfigurationSection

  func read(
    _ sides: (a: Comparison.Side, b: Comparison.Side), _ expressions: inout ExpressionReader
  ) throws(DistillError) -> Comparison {
    guard let node = section["votes"] else { throw section.missing("votes", hint: "as in votes: [/annotator1]") }
    var votes: [FieldExpression] = []
    for entry in node.list ?? [node] {
      let vote = try expressions.read(entry, as: .any, key: "votes")
      guard !isConstant(vote) else {
        throw entry.error(
          "a vote is the same in every record", hint: "write where it stands, as in votes: [/annotator1]")
      }
      votes.append(vote)
    }
    guard !votes.isEmpty else { throw node.error("`votes` is an empty list") }
    var comparison = Comparison(a: sides.a, b: sides.b, votes: votes, winner: try winner())
    if let node = section["decide"] {
      comparison.decide = try node.choice("decide", of: Comparison.Decision.allCases)
    }
    return comparison
  }

  private func isConstant(_ expression: FieldExpression) -> Bool {
    if case .constant = expression { true } else { false }
  }

  private static let hint = "as in winner: {1: a, 2: b, 0: tie}"

  /// `{1: a, …}`, or the same as a list `[{vote: 1, is: a}, …]`, in which a text and a number may read alike.
  private func winner() throws(DistillError) -> [Comparison.Meaning] {
    guard let node = section["winner"] else {
      throw section.missing("winner", hint: "what each vote means, \(Self.hint)")
    }
    var meanings: [Comparison.Meaning] = []
    func add(_ vote: JSON, _ text: String, _ is: ConfigurationNode, _ place: String?) throws(DistillError) {
      guard vote != .null else {
        throw DistillError(.data, "null is no vote", place: place, hint: "a vote that is null was not given")
      }
      guard !meanings.contains(where: { $0.vote == vote }) else {
        throw DistillError(.data, "the vote `\(text)` has two meanings", place: place)
      }
      meanings.append(
        Comparison.Meaning(vote: vote, outcome: try `is`.choice("winner.\(text)", of: Comparison.Outcome.allCases)))
    }
    if let entries = node.list {
      for entry in entries {
        let section = try ConfigurationSection(entry, of: "an entry of `winner`", keys: ["vote", "is"])
        let vote = try section.required("vote")
        guard case .scalar(_, let text) = vote.content else {
          throw vote.wrongType("vote", expected: "a text, a number or a boolean")
        }
        try add(vote.canonical, text, section.required("is"), vote.place?.text)
      }
    } else if let members = node.mapping {
      for member in members {
        let vote = ConfigurationNode(.scalar(member.scalar, text: member.key)).canonical
        try add(vote, member.key, member.value, member.place?.text)
      }
    } else {
      throw node.wrongType("winner", expected: "a mapping of votes", hint: Self.hint)
    }
    guard !meanings.isEmpty else { throw node.error("`winner` gives no vote a meaning", hint: Self.hint) }
    return meanings.sorted {
      $0.vote.canonicalString.utf8.lexicographicallyPrecedes($1.vote.canonicalString.utf8)
    }
  }
}
