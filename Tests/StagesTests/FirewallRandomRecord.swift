import JSONTape
import Receipts

@testable import Stages

/// A raw record of a random workspace: what it means, and how its bytes say that.
struct RandomRecord {
  var source: String
  var kind: RecordKind
  /// No other record's, wherever it stands.
  var number: Int
  var id: String
  /// false: a judgement or comparison that is known by its bytes.
  var hasID = true
  /// The id, where the record names no task.
  var task: String
  /// Of source `beta`: what stands in the look-up under `question`.
  var prompt = Wording.blank
  var question: String?
  /// Of a comparison: text `a`.
  var text = Wording.blank
  /// Of a comparison: text `b`.
  var rival = Wording.blank
  /// 1: a wins, 2: b wins, 0: a tie.
  var votes: [Int] = []
  /// nil: none of the rules holds.
  var verdict: Verdict?
  var override: Category?
  var score: Double?
  var grounded: Double?
  /// Minutes since the beginning of 10 April 2026; nil: unknown.
  var time: Int?
  /// Of a judgement or an extraction: the run of source `alpha`.
  var about: String?
  /// Of a judgement: the text that it is about, if it says so.
  var aboutText: String?
  var damage: RecordDamage?
  var oddity: RecordOddity?

  /// As the log has it.
  func bytes(inDocument: Bool) -> [UInt8] {
    var members = self.members
    damage?.apply(&members)
    oddity?.apply(&members, self)
    var bytes = damage == .noObject ? Array("[]".utf8) : JSON.object(members).encoded()
    damage?.apply(&bytes)
    oddity?.apply(&bytes, inDocument: inDocument)
    return bytes
  }

  private static let words: [Verdict: JSON] = [
    .accepted: "yes", .partiallyAccepted: "half", .rejected: "no", .skipped: "skip",
  ]

  private var members: JSONObject {
    var members: JSONObject = [
      "id": hasID ? .string(id) : nil, "number": .integer(Int64(number)), "task": task == id ? nil : .string(task),
    ]
    if let time { members["at"] = .string(Self.timestamp(time)) }
    switch kind {
    case .run, .extraction:
      if let question { members["question"] = .string(question) } else { members["ask"] = .string(prompt.text) }
      members["says"] = .string(text.text)
    case .comparison:
      members["ask"] = .string(prompt.text)
      members["a"] = .string(text.text)
      members["b"] = .string(rival.text)
      for (name, vote) in zip(["first", "second", "third"], votes) { members[name] = .integer(Int64(vote)) }
    case .verdict: break
    }
    members["verdict"] = verdict.map { Self.words[$0]! } ?? "who knows"
    if let override { members["override"] = .string(override.rawValue) }
    if let score { members["score"] = .double(score) }
    if let grounded { members["grounded"] = .double(grounded) }
    if let about { members["run"] = .string(about) }
    if let aboutText { members["sha"] = .string(Digest.of(aboutText).hex) }
    return members
  }

  private static func timestamp(_ minutes: Int) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "2026-04-\(10 + minutes / 1440)T\(two(minutes % 1440 / 60)):\(two(minutes % 60)):00Z"
  }

  /// The same time as seconds since 1970.
  static func seconds(_ minutes: Int) -> JSON { .integer(1_775_779_200 + Int64(minutes) * 60) }
}
