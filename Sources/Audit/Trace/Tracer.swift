import JSONTape
import Receipts
import Stages
import SystemPackage

/// Follows one exported row back to the bytes of the log, and checks every hash on the way.
package final class Tracer {
  private let fileSystem: any FileSystem
  private let layout: WorkspaceLayout
  private let receipts: [StageReceipt]
  private let search: LineSearch
  private let parser = JSONParser()
  private let signature = RecordSignature()

  /// - Throws: a receipt can't be read from the disk. One that does not hold counts as one that is not there.
  package init(fileSystem: any FileSystem, layout: WorkspaceLayout) throws {
    self.fileSystem = fileSystem
    self.layout = layout
    receipts = try Pipeline.stages.compactMap { stage in
      guard let bytes = try fileSystem.contents(of: layout.receipt(stage)) else { return nil }
      return ReceiptReading(log: FindingLog())
        .read(bytes, path: "receipts/\(stage)/receipt.json", stage: stage)
    }
    search = LineSearch(fileSystem: fileSystem, layout: layout)
  }

  private static let exports: [(prefix: String, stage: StageName, path: RelativePath, schema: RecordSchema)] = [
    ("rag-", .exportRAG, Layout.rag, .ragSample), ("sft-", .exportSFT, Layout.sft, .sftSample),
    ("pref-", .exportPreference, Layout.preference, .preferenceSample),
  ]

  /// - Parameter name: the id of a row, or `FILE:LINE` of an export.
  /// - Throws: there is no such row, or it is none of an export.
  package func trace(_ name: String) throws -> TraceStep {
    let (export, line) = try locate(name)
    let bytes = line.text
    guard let row = try? parser.parse(copying: bytes.bytes),
      export.schema.violations(of: row).isEmpty
    else {
      throw DistillError(
        .data, "this is no row as `distill-make schema \(export.schema.name)` describes it",
        place: "\(export.path):\(line.number)")
    }
    var step = TraceStep(
      export.stage == .exportPreference ? "pair" : "sample", path: export.path.string, line: line.number)
    try cover(&step, export.path)
    func text(_ name: StaticString) -> String { row.member(name)?.string?.string() ?? "" }
    step.facts = [("id", text("id")), ("task_id", text("task_id"))]
    if export.stage == .exportPreference {
      step.facts.append(("reason", text("reason")))
      let sides: [(name: String, runID: String, provenance: JSON)] = [
        ("chosen", text("chosen_run_id"), try tree(row.member("chosen_provenance"))),
        ("rejected", text("rejected_run_id"), try tree(row.member("rejected_provenance"))),
      ]
      checkID(&step, export.prefix, sides.flatMap { [$0.runID, $0.provenance["sig_hash"]?.string ?? ""] })
      let isComparison = text("reason") == PreferenceReason.preferred.rawValue
      for side in sides {
        var back = try self.way(side.runID, side.provenance, isComparison: isComparison)
        for place in back.indices { back[place].facts.insert(("side", side.name), at: 0) }
        step.next += Self.chain(back)
      }
    } else {
      let runID = text("source_run_id")
      let provenance = try tree(row.member("provenance"))
      checkID(&step, export.prefix, [runID, provenance["sig_hash"]?.string ?? ""])
      step.next = Self.chain(try way(runID, provenance, isComparison: false))
    }
    return step
  }

  private func tree(_ value: JSONValue?) throws -> JSON { try value.map { try JSON($0) } ?? .null }

  /// Each step leads to the one behind it.
  private static func chain(_ steps: [TraceStep]) -> [TraceStep] {
    steps.reversed().reduce(into: []) { behind, step in
      var step = step
      step.next = behind
      behind = [step]
    }
  }

  private func checkID(_ step: inout TraceStep, _ prefix: String, _ parts: [String]) {
    let digest = Digest.of(parts.joined(separator: "|")).hex.prefix(16)
    step.check("id", expected: "\(prefix)\(digest)", found: step.facts[0].value)
  }

  // MARK: Finding rows

  private func locate(
    _ name: String
  ) throws -> (export: (prefix: String, stage: StageName, path: RelativePath, schema: RecordSchema), LineSearch.Found) {
    if let colon = name.lastIndex(of: ":"), let number = Int(name[name.index(after: colon)...]), number > 0 {
      var path = String(name[..<colon])
      if path.hasPrefix("./") { path = String(path.dropFirst(2)) }
      path = layout.relative(path)
      guard let export = Self.exports.first(where: { $0.path.string == path }) else {
        throw DistillError(
          .usage, "this is no export", place: path,
          hint: "There are \(Self.exports.map(\.path.string).joined(separator: ", ")).")
      }
      guard let line = try search.line(number, of: export.path) else {
        throw DistillError(.data, "there is no such line", place: name)
      }
      return (export, line)
    }
    guard let export = Self.exports.first(where: { name.hasPrefix($0.prefix) }) else {
      throw DistillError(
        .usage, "\"\(name)\" is neither an id of an exported row nor FILE:LINE",
        hint: "Ids begin with rag-, sft- or pref-.")
    }
    let found = try search.lines(of: export.path, with: "\"id\":\"\(name)\"") { row in
      row.member("id")?.string.map { $0 == name } ?? false
    }
    guard let line = found else { throw DistillError(.data, "no row has the id \(name)", place: export.path.string) }
    return (export, line)
  }

  // MARK: The way back

  /// Scored run, evidence, log.
  private func way(_ runID: String, _ provenance: JSON, isComparison: Bool) throws -> [TraceStep] {
    var steps: [TraceStep] = []
    var evidence = TraceStep("evidence", path: "data/evidence")
    var partition: RelativePath?
    for path in outputs(.buildEvidence).filter(StageRoles.isEvidence) {
      guard let found = try find(path, runID, provenance, isComparison: isComparison) else { continue }
      partition = path
      evidence.path = path.string
      evidence.line = found.number
      try cover(&evidence, path)
      let row = try parser.parse(copying: found.text.bytes)
      func text(_ name: StaticString) -> String { row.member(name)?.string?.string() ?? "null" }
      evidence.facts = [
        ("kind", text("kind")), ("run_id", text("run_id")), ("task_id", text("task_id")), ("verdict", text("verdict")),
        ("time", text("timestamp")),
      ]
      break
    }
    evidence.check(
      "a row with this run and provenance", expected: "one", found: evidence.line == nil ? "none" : "one")
    if !isComparison { steps.append(try scored(partition, runID, provenance)) }
    steps.append(evidence)
    steps.append(try source(provenance))
    return steps
  }

  private func outputs(_ stage: StageName) -> [RelativePath] {
    receipts.first { $0.stage == stage }?.receipt.core.outputs.map(\.path) ?? []
  }

  private func find(
    _ path: RelativePath, _ runID: String, _ provenance: JSON, isComparison: Bool
  ) throws -> LineSearch.Found? {
    let hash = provenance["sig_hash"]?.string ?? ""
    return try search.lines(of: path, with: hash) { row in
      guard let own = row.member("provenance"), let tree = try? JSON(own), tree == provenance else { return false }
      if isComparison {
        let comparison = row.member("comparison")
        return [comparison?.member("a"), comparison?.member("b")].contains { side in
          side?.member("run_id")?.string.map { $0 == runID } ?? false
        }
      }
      let id = row.member("run_id") ?? row.member("evidence_run_id")
      return id?.string.map { $0 == runID } ?? false
    }
  }

  private func scored(_ evidence: RelativePath?, _ runID: String, _ provenance: JSON) throws -> TraceStep {
    var step = TraceStep("scored run", path: "data/scored-runs")
    if let path = evidence.map(Layout.scoredRuns(forEvidence:)) {
      step.path = path.string
      if let found = try find(path, runID, provenance, isComparison: false) {
        step.line = found.number
        try cover(&step, path)
        let row = try parser.parse(copying: found.text.bytes)
        let reason = row.member("reasons")?.element(0)
        step.facts = [
          ("category", row.member("category")?.string?.string() ?? ""),
          ("rule", reason?.member("rule")?.string?.string() ?? ""),
          ("facts", reason?.member("facts")?.elements.map { $0.string?.string() ?? "" }.joined(separator: "; ") ?? ""),
        ]
      }
    }
    step.check("a row with this run and provenance", expected: "one", found: step.line == nil ? "none" : "one")
    return step
  }

  /// The bytes of the record in the log.
  private func source(_ provenance: JSON) throws -> TraceStep {
    let bytes = RecordSpan.bytes(
      offset: provenance["byte_offset"]?.integer, count: provenance["byte_length"]?.integer)
    let path = RelativePath(provenance["source_file"]?.string ?? "")
    var step = TraceStep(
      "log", path: path?.string ?? "", line: provenance["line_offset"]?.integer.map { Int($0.addingSaturated(1)) })
    step.facts = [
      ("source", provenance["source"]?.string ?? ""), ("bytes", bytes.map { "\($0)" } ?? "no span of a file"),
    ]
    guard let path, let bytes else { return step }
    if !LogText.isCompressed(path), path.name.hasSuffix(".json") {
      // A document's records are numbered, not its lines.
      step.facts.append(("element", "\(provenance["line_offset"]?.integer ?? 0)"))
      step.line = nil
    }
    try cover(&step, path)
    let file = ByteBuffer()
    guard try fileSystem.appendContents(of: layout.path(path), to: file) else { return step }
    defer { withExtendedLifetime(file) {} }
    let text = try LogText(file.bytes, of: path)
    let span = ByteBuffer()
    var position = 0
    while position < bytes.upperBound {
      let part = ByteBuffer()
      part.append(count: 1 << 20) { text.read(into: $0) }
      if part.count == 0 { break }
      let (start, end) = (max(bytes.lowerBound - position, 0), min(bytes.upperBound - position, part.count))
      if start < end { span.append(part.slice(start..<end)) }
      position += part.count
    }
    step.check(
      "sig_hash of the bytes", expected: provenance["sig_hash"]?.string ?? "",
      found: signature.of(span.bytes)?.hex ?? "no JSON")
    return step
  }

  /// Which receipts list the file, and is it as they say?
  private func cover(_ step: inout TraceStep, _ path: RelativePath) throws {
    var expected: Receipt.File?
    for receipt in receipts {
      let core = receipt.receipt.core
      for (role, files) in [("output", core.outputs), ("input", core.inputs)] {
        guard let file = files.first(where: { $0.path == path }) else { continue }
        step.receipts.append((receipt.stage, role, receipt.digest))
        expected = expected ?? file
      }
    }
    // A log may have grown since: its first bytes count.
    let limit = StageRoles.isMade(path) || path.string.hasPrefix("exports/") ? nil : expected?.byteCount
    let found = try FileScan.scan(layout.path(path), of: fileSystem, limit: limit ?? .max)
    step.check(
      "sha256 of the file", expected: expected?.digest.hex ?? "a receipt that lists it",
      found: found?.digest.hex ?? "no such file")
  }
}
