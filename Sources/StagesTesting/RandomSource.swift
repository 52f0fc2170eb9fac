/// The sources of a random workspace: one of each kind.
public enum RandomSource: String, CaseIterable, Sendable {
  /// Dated runs in lines, judged by tests.
  case runs
  /// Runs in documents, without a time, with prompts from a look-up and scores.
  case documents
  /// Judgements about runs.
  case reviews
  /// Texts distilled from runs.
  case notes
  /// Pairwise judgements.
  case comparisons
  /// The look-up.
  case tasks
  /// Prompts that no export may have.
  case held

  public init(ofPath path: String) {
    self = Self(rawValue: path.split(separator: "/").first.map(String.init) ?? "") ?? .runs
  }

  public func path(_ number: Int) -> String {
    let name = number < 10 ? "0\(number)" : "\(number)"
    return "\(rawValue)/\(name).\(self == .documents ? "json" : "jsonl")"
  }

  /// - Parameter identities: how many runs there can be.
  public func record(of identities: Int, using generator: inout SeededGenerator) -> String {
    func text(_ texts: String...) -> String { generator.pick(texts) }
    let run = "r\(generator.below(identities))"
    let task = "t\(generator.below(max(8, identities / 8)))"
    let day = 1 + generator.below(4)
    let time = generator.chance(85) ? "\"2026-03-0\(day)T1\(generator.below(10)):00:00Z\"" : "null"
    let says = "Answer \(generator.below(30)).\(text("", " ", "\\nAnd more."))"
    let verdict = text("passed", "passed", "failed", "failed", "broken", "flaky", "open")
    switch self {
    case .runs:
      switch generator.below(40) {
      case 0: return "{\"id\":\"\(run)\",\"cut off"
      case 1: return "{\"task\":\"\(task)\",\"at\":\(time),\"tests\":\"passed\"}"
      case 2: return "[1, 2]"
      default: break
      }
      let ask = text("Why \(task)?", "Why \(task)?", "How  \(task)?", "")
      return
        "{\"id\":\"\(run)\",\"task\":\"\(task)\",\"at\":\(time),\"model\":\"m\(generator.below(3))\",\"ask\":\"\(ask)\","
        + "\"says\":\"\(says)\",\"tests\":\"\(verdict)\"}"
    case .documents:
      return
        "{\"id\":\"d\(generator.below(20))\",\"task\":\"\(task)\",\"says\":\"\(says)\",\"score\":0.\(generator.below(10))}"
    case .reviews:
      let override = generator.chance(15) ? ",\"override\":\"\(text("accepted", "rejected"))\"" : ""
      return "{\"run\":\"\(run)\",\"at\":\(time),\"tests\":\"\(verdict)\",\"by\":\"p\(generator.below(3))\"\(override)}"
    case .notes:
      let about = generator.chance(60) ? "\"run\":\"\(run)\"" : "\"task\":\"\(task)\""
      return "{\"id\":\"n\(generator.below(20))\",\(about),\"at\":\(time),\"says\":\"\(says)\"}"
    case .comparisons:
      return "{\"id\":\"c\(generator.below(20))\",\"task\":\"\(task)\",\"ask\":\"Why \(task)?\",\"a\":\"\(says)\","
        + "\"b\":\"Answer \(generator.below(30)).\",\"vote\":\(generator.below(3)),\"at\":\(time)}"
    case .tasks:
      return "{\"key\":\"\(task)-\(generator.below(10))\",\"ask\":\"Look up \(task).\"}"
    case .held:
      return "{\"prompt\":\"\(text("Why", "How")) \(task)?\"}"
    }
  }
}
