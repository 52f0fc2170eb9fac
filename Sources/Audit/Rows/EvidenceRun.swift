import JSONTape
import Receipts
import Stages

/// Where a row is.
struct RowPlace: Sendable {
  /// Index into the evidence partitions.
  private let fileNumber: UInt32
  private let lineNumber: UInt32
  let offset: Int
  let byteCount: Int

  /// - Parameter line: 1-based.
  init(file: Int, offset: Int, byteCount: Int, line: Int) {
    fileNumber = UInt32(file)
    lineNumber = UInt32(clamping: line)
    self.offset = offset
    self.byteCount = byteCount
  }

  var file: Int { Int(fileNumber) }
  var line: Int { Int(lineNumber) }
}

/// A run or an extraction in the evidence, and what the rules make of it. Plain bytes: there are many.
struct EvidenceRun: Sendable {
  var place: RowPlace
  /// Of (source, kind, run id).
  var identity: Hash128
  /// Of the task id.
  var task: Hash128
  /// Half the SHA-256 of the scored run that belongs to it; zero: its ``reasoning`` says all of it.
  var scoredRow = Hash128.zero
  /// The digits of the ids of samples that are made of it, as bits.
  var sampleID: UInt64
  /// In the table of names.
  var source: Int32
  var isExtraction: Bool
  /// Do they say something?
  var hasText: Bool
  var hasPrompt: Bool
  /// Hashes of how they begin when folded; nil: to be made of the whole text.
  var textStart: UInt64?
  var promptStart: UInt64?
  /// Recomputed from the evidence.
  var category = Category.needsHumanReview
  /// By rules 1 to 6; nil: none of them holds.
  var ownCategory: Category?
  var rule = ScoringRule.noVerdict
  var judge = JudgeOfRun.nobody
  var reasoning = Reasoning.other
  /// Where the number starts that was measured, from the row's first byte.
  var measured: UInt32 = 0

  /// What the scored run says of why, where that can be made of the evidence's bytes.
  enum Reasoning: Sendable { case ownVerdict, skipped, measured, other }

  var kind: RecordKind { isExtraction ? .extraction : .run }
}

/// Who decided about a run.
struct JudgeOfRun: Sendable, Equatable {
  /// Where the scored run's `judged_by` is from.
  enum Origin: Sendable { case nobody, evidence, human, judgement }
  let origin: Origin
  /// Place in the known kinds.
  private let number: UInt8

  static let nobody = JudgeOfRun(origin: .nobody, number: 0)

  private init(origin: Origin, number: UInt8) {
    self.origin = origin
    self.number = number
  }

  /// - Parameter judgedBy: `{"kind":"test","name":…}`, of one of the known kinds.
  init(_ origin: Origin, _ judgedBy: ByteSlice) {
    let start = min(#"{"kind":""#.utf8.count, judgedBy.count)
    let kind = judgedBy[start..<(judgedBy.firstIndex(of: UInt8(ascii: "\""), from: start) ?? judgedBy.count)]
    guard let number = JudgedBy.kinds.firstIndex(where: { kind == $0 }) else {
      self = .nobody
      return
    }
    self.init(origin: origin, number: UInt8(number))
  }

  /// `none` where nobody judged.
  var kind: String { origin == .nobody ? "none" : JudgedBy.kinds[Int(number)] }
}
