import JSONTape
import Receipts

/// A few of the records that were stopped, by provenance alone: a report never carries the text of a run.
struct QuarantineExamples {
  /// Examples a stage and reason.
  static let limit: Int64 = 3
  /// Only so much of a quarantine file is looked at: a rare reason at the far end of a large one is not worth reading
  /// it all.
  static let byteLimit: Int64 = 64 << 20

  let fileSystem: any FileSystem
  let layout: WorkspaceLayout

  /// For each stage and reason that its newest receipt counts, most frequent first: how many, and examples. A file that
  /// is gone, or has another size than its receipt says, gives none.
  func facts(_ records: [StageRecord]) throws -> JSON {
    var rows: [JSON] = []
    for record in records {
      guard let core = record.newest?.receipt.core else { continue }
      let reasons = core.recordCounts.members("by_reason").filter { ($0.value.integer ?? 0) > 0 }
      guard !reasons.isEmpty else { continue }
      let file = core.outputs.first { $0.path.string.hasPrefix(Self.folder) }
      let wanted = Dictionary(
        reasons.map { ($0.key, min(Self.limit, $0.value.integer ?? 0)) }, uniquingKeysWith: { first, _ in first })
      let found = try file.flatMap { try examples(in: $0, stage: record.name, wanted) }
      for (reason, count) in reasons.sorted(by: ReportFigures.isMoreFrequent) {
        rows.append([
          "stage": .string(record.name.text), "reason": .string(reason), "count": count,
          "file": file.map { .string($0.path.string) } ?? .null,
          "readable": .bool(found != nil), "examples": .array(found?[reason] ?? []),
        ])
      }
    }
    return .array(rows)
  }

  static let folder = "exports/quarantine/"

  /// nil: the file is not the one that the receipt lists.
  private func examples(
    in file: Receipt.File, stage: StageName, _ wanted: [String: Int64]
  ) throws -> [String: [JSON]]? {
    let path = layout.path(file.path)
    guard let status = try fileSystem.status(of: path, followingLinks: true), status.kind == .regular,
      status.size == Int64(file.byteCount)
    else { return nil }

    var left = wanted
    var examples: [String: [JSON]] = [:]
    let parser = JSONParser()
    // Rows begin alike: those whose reason has its examples are passed over without being parsed.
    var filled: [String] = []
    let open = try fileSystem.open(path)
    try FileLines(open, byteLimit: Self.byteLimit).visit { line, number in
      if filled.contains(where: { Self.begins(line, with: $0) }) { return true }
      guard let row = try? parser.parse(line), let reason = row.member("reason")?.string?.string(),
        let count = left[reason], count > 0
      else { return true }
      examples[reason, default: []].append(Self.example(row.member("source_provenance"), row: number))
      left[reason] = count - 1
      if count == 1 {
        left[reason] = nil
        filled.append("{\"stage\":\"\(stage)\",\"reason\":\"\(reason)\"")
      }
      return !left.isEmpty
    }
    return examples
  }

  private static func begins(_ line: ByteSlice, with prefix: String) -> Bool {
    let count = prefix.utf8.count
    return line.count >= count && line[0..<count] == prefix
  }

  /// - Parameter row: 0-based line of the quarantine file.
  private static func example(_ provenance: JSONValue?, row: Int64) -> JSON {
    [
      "source": provenance?.member("source")?.string.map { .string($0.string()) } ?? .null,
      "source_file": provenance?.member("source_file")?.string.map { .string($0.string()) } ?? .null,
      "line_offset": provenance?.member("line_offset")?.integer.map(JSON.integer) ?? .null,
      "quarantine_line": .integer(row),
    ]
  }
}
