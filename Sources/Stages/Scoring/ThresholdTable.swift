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
  /// Rows of one file stand together.
  private final class Memory {
    var source = ""
    var file = ""
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

  func thresholds(source: ByteSlice, file: String, kind: RecordKind) -> Thresholds {
    if entries.isEmpty { return Thresholds() }
    if memory.kind == kind, source == memory.source, memory.file == file { return memory.thresholds }
    memory.kind = kind
    memory.source = source.string()
    memory.file = file
    memory.thresholds = Thresholds()
    let name = file.split(separator: "/").last.map(String.init) ?? file
    for entry in entries
    where entry.source == memory.source && entry.kind == kind.rawValue
      && (entry.only?.matchesName(name) ?? true)
    {
      memory.thresholds = entry.thresholds
      break
    }
    return memory.thresholds
  }
}
