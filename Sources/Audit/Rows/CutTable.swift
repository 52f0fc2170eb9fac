import JSONTape
import Receipts
import Stages

/// The thresholds that the receipt of `score` names, by source, kind and file name.
final class CutTable {
  private struct Entry {
    var source: String
    var only: Glob?
    var kind: String
    var score: Cut?
    var grounded: Cut?
  }

  private let entries: [Entry]
  /// Rows of one file stand together.
  private var last: (source: String, file: String, kind: RecordKind, score: Cut?, grounded: Cut?)?

  /// - Throws: a pattern is none.
  init(_ parameters: JSON) throws {
    entries = try (parameters["thresholds"]?.array ?? []).map { entry in
      Entry(
        source: entry["source"]?.string ?? "", only: try entry["only"]?.string.map { try Glob($0) },
        kind: entry["kind"]?.string ?? "", score: Cut(entry["score"]), grounded: Cut(entry["grounded_fraction"]))
    }
  }

  func cuts(source: ByteSlice, file: ByteSlice, kind: RecordKind) -> (score: Cut?, grounded: Cut?) {
    if entries.isEmpty { return (nil, nil) }
    if let last, source == last.source, file == last.file, kind == last.kind {
      return (last.score, last.grounded)
    }
    let (source, file) = (source.string(), file.string())
    let name = RelativePath(file)?.name ?? file
    let entry = entries.first { entry in
      entry.source == source && entry.kind == kind.rawValue && (entry.only.map { $0.matchesName(name) } ?? true)
    }
    last = (source, file, kind, entry?.score, entry?.grounded)
    return (entry?.score, entry?.grounded)
  }
}
