import JSONTape

/// What became of the raw records of one file and of all, in the terms of the stage's books:
/// read = mapped + mapped to nothing + quarantined + pending; objects = written + duplicates.
struct EvidenceBooks {
  struct File {
    var path: String
    var read = 0
    var mapped = 0
    var mappedToNothing = 0
    var quarantined = 0
    var pending = 0
    var firstError: String?
  }

  private(set) var files: [File] = []
  var objects = 0
  var written = 0
  var duplicates = 0
  private var reasons = [Int](repeating: 0, count: Reason.allCases.count)
  private var kinds = [Int](repeating: 0, count: RecordKind.allCases.count)
  private var pendingAt: [(path: String, line: Int)] = []
  private var warnings: [String] = []

  mutating func beginFile(_ path: String) { files.append(File(path: path)) }

  mutating func read() { files[files.count - 1].read += 1 }

  mutating func mapped(objects count: Int) {
    if count > 0 { files[files.count - 1].mapped += 1 } else { files[files.count - 1].mappedToNothing += 1 }
    objects += count
  }

  mutating func wrote(_ kind: RecordKind, count: Int) {
    written += count
    kinds[RecordKind.allCases.firstIndex(of: kind)!] += count
  }

  mutating func stopped(_ reason: Reason, count: Int = 1) {
    reasons[Reason.allCases.firstIndex(of: reason)!] += count
  }

  mutating func quarantined(_ violation: RecordViolation, line: Int) {
    files[files.count - 1].quarantined += 1
    if files[files.count - 1].firstError == nil {
      files[files.count - 1].firstError = "record \(line): \(violation.message)"
    }
    stopped(violation.reason)
  }

  mutating func pending(line: Int) {
    files[files.count - 1].pending += 1
    pendingAt.append((files[files.count - 1].path, line))
  }

  mutating func warn(_ sentence: String) { warnings.append(sentence) }

  /// - Parameter probes: times found, for each part and probe.
  func json(fields: JSON, probes: [[Int]]) -> JSON {
    func total(_ count: KeyPath<File, Int>) -> JSON {
      .integer(Int64(files.reduce(0) { $0 + $1[keyPath: count] }))
    }
    func filled(_ names: [String], _ counts: [Int]) -> JSON {
      .object(JSONObject(zip(names, counts).filter { $0.1 > 0 }.map { ($0.0, .integer(Int64($0.1))) }))
    }
    return [
      "read": total(\.read), "mapped": total(\.mapped), "mapped_to_nothing": total(\.mappedToNothing),
      "quarantined": total(\.quarantined), "pending": total(\.pending), "objects": .integer(Int64(objects)),
      "written": .integer(Int64(written)), "duplicates": .integer(Int64(duplicates)),
      "by_reason": filled(Reason.allCases.map(\.rawValue), reasons),
      "by_kind": filled(RecordKind.allCases.map(\.rawValue), kinds), "fields": fields,
      "probes": .array(probes.map { .array($0.map { .integer(Int64($0)) }) }),
      "files": .array(files.map(\.json)),
      "pending_at": .array(pendingAt.map { ["path": .string($0.path), "line": .integer(Int64($0.line))] }),
      "warnings": .array(warnings.map(JSON.string)),
    ]
  }
}

extension EvidenceBooks.File {
  fileprivate var json: JSON {
    [
      "path": .string(path), "read": .integer(Int64(read)), "mapped": .integer(Int64(mapped)),
      "mapped_to_nothing": .integer(Int64(mappedToNothing)), "quarantined": .integer(Int64(quarantined)),
      "pending": .integer(Int64(pending)), "first_error": firstError.map(JSON.string) ?? .null,
    ]
  }
}
