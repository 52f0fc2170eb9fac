import JSONTape
import Receipts

/// The thresholds that hold for a record, found by its source, file name and kind.
struct ThresholdTable {
  private struct Entry {
    var source: String
    var only: Glob?
    var kind: String
    var thresholds: Thresholds
  }

  private let entries: [Entry]
  /// Rows of one file stand together: what was looked for last, as it was written.
  private final class Memory {
    let source = ByteBuffer(capacity: 64)
    let file = ByteBuffer(capacity: 256)
    var kind: RecordKind?
    var thresholds = Thresholds()
  }
  private let memory = Memory()

  /// From an action's parameters: what `parameters(of:)` made.
  init(_ parameters: JSON) throws {
    entries = try (parameters.array ?? []).map { entry in
      func cut(_ key: String) -> Thresholds.Cut? {
        guard let cut = entry[key], let acceptAt = cut["accept_at"]?.double else { return nil }
        return Thresholds.Cut(acceptAt: acceptAt, partialAt: cut["partial_at"]?.double)
      }
      return Entry(
        source: entry["source"]?.string ?? "", only: try entry["only"]?.string.map { try Glob($0) },
        kind: entry["kind"]?.string ?? "",
        thresholds: Thresholds(score: cut("score"), groundedFraction: cut("grounded_fraction")))
    }
  }

  /// The score stage's slice of the configuration.
  static func parameters(of sources: [Source]) -> JSON {
    func cut(_ cut: Thresholds.Cut?) -> JSON {
      guard let cut else { return .null }
      return ["accept_at": .double(cut.acceptAt), "partial_at": cut.partialAt.map(JSON.double) ?? .null]
    }
    var entries: [JSON] = []
    for source in sources {
      for part in source.parts where part.thresholds != Thresholds() {
        entries.append([
          "source": .string(source.name), "only": part.only.map { .string($0.text) } ?? .null,
          "kind": .string(part.kind.rawValue), "score": cut(part.thresholds.score),
          "grounded_fraction": cut(part.thresholds.groundedFraction),
        ])
      }
    }
    return .array(entries)
  }

  func thresholds(source: EscapedText, file: EscapedText, kind: RecordKind) -> Thresholds {
    if entries.isEmpty { return Thresholds() }
    if memory.kind == kind, source.bytes == memory.source.bytes, file.bytes == memory.file.bytes {
      return memory.thresholds
    }
    memory.kind = kind
    memory.source.removeAll()
    memory.source.append(source.bytes)
    memory.file.removeAll()
    memory.file.append(file.bytes)
    memory.thresholds = find(source.string(), file.string(), kind)
    return memory.thresholds
  }

  private func find(_ source: String, _ file: String, _ kind: RecordKind) -> Thresholds {
    let name = file.split(separator: "/").last.map(String.init) ?? file
    let entry = entries.first {
      $0.source == source && $0.kind == kind.rawValue && ($0.only?.matchesName(name) ?? true)
    }
    return entry?.thresholds ?? Thresholds()
  }
}
