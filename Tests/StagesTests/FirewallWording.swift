import StagesTesting

/// A text of a random workspace. Texts of one meaning are equal when folded, which is known from how they are made: the
/// test folds nothing.
struct Wording: Hashable {
  /// 0: blank.
  var meaning: Int
  var text: String

  static let blank = Wording(meaning: 0, text: "")

  var isBlank: Bool { meaning == 0 }

  /// - Parameter kinds: how many different ones there are.
  static func random(_ kinds: Int, _ random: inout SeededGenerator) -> Wording {
    let spaces = [" ", "  ", "\n", "\t", "\r\n", "\u{A0}", "\u{2003} ", " \u{3000}\u{85}"]
    let ends = ["", "", random.pick(spaces)]
    let (front, back) = (random.pick(ends), random.pick(ends))
    let meaning = random.chance(10) ? 0 : Int.random(in: 1...kinds, using: &random)
    if meaning == 0 { return Wording(meaning: 0, text: front + back) }
    let words = [
      // é, ự and 한, composed or not.
      random.pick(["caf\u{E9}", "cafe\u{301}"]), random.pick(["\u{1EF1}", "u\u{31B}\u{323}", "u\u{323}\u{31B}"]),
      random.pick(["\u{D55C}", "\u{1112}\u{1161}\u{11AB}"]),
      // NUL, what JSON escapes, and what a lone surrogate is read as.
      "👩‍🔬\u{0}\"\\\u{FFFD}", "answer", "\(meaning)",
    ]
    let text = words.reduce("") { $0.isEmpty ? $1 : $0 + random.pick(spaces) + $1 }
    return Wording(meaning: meaning, text: front + text + back)
  }
}
