import JSONTape
import Receipts
import SystemPackage

/// What a stage's receipt says, and where the files are that it speaks of.
struct ReceiptedStage {
  var core: Receipt.Core
  var layout: WorkspaceLayout
}

/// How one stage came out.
package struct VerifiedStage: Sendable, Hashable {
  package enum Core: String, Sendable { case equal, different, notCompared = "not-compared" }
  package var stage: StageName
  package var core: Core
  /// Files that the receipt or the rebuild names.
  package var outputs: Int
  /// Those that are the same in the receipt, the rebuild and on disk.
  package var equal: Int

  package static func notCompared(_ stage: StageName) -> VerifiedStage {
    VerifiedStage(stage: stage, core: .notCompared, outputs: 0, equal: 0)
  }
}

/// Compares a stage's receipt and files with those of a rebuild.
struct StageComparison {
  let stage: StageName
  let expected: ReceiptedStage
  let found: ReceiptedStage
  let fileSystem: any FileSystem
  let clock: any WallClock
  let jobs: Int
  /// false: only the receipt stands for the files.
  let readsPublished: Bool

  func run() throws -> (VerifiedStage, [Discrepancy]) {
    let core = coreDiscrepancies()
    let (equal, count, outputs) = try outputDiscrepancies()
    let isEqual = expected.core.outputs == found.core.outputs && core.allSatisfy(\.code.isNote)
    let result = VerifiedStage(stage: stage, core: isEqual ? .equal : .different, outputs: count, equal: equal)
    return (result, outputs + core)
  }

  // MARK: Core

  /// The first difference of each member but the outputs, which are compared file by file, and with the program as a
  /// note.
  private func coreDiscrepancies() -> [Discrepancy] {
    let path = "receipts/\(stage)/receipt.json"
    func discrepancy(_ code: Discrepancy.Code, _ difference: FieldDifference) -> Discrepancy {
      Discrepancy(
        code, stage: stage, path: path, pointer: difference.pointer,
        expected: FieldDifference.text(difference.expected), found: FieldDifference.text(difference.found))
    }
    let (before, after) = (ReceiptCodec.coreTree(expected.core), ReceiptCodec.coreTree(found.core))
    var discrepancies: [Discrepancy] = []
    for member in ["parameters", "record_counts", "summary", "validation"] {
      if let difference = FieldDifference.first(before[member], after[member], at: "/core/\(member)") {
        discrepancies.append(discrepancy(.coreDiffers, difference))
      }
    }
    if let input = inputDiscrepancy(path) { discrepancies.append(input) }
    if let tool = FieldDifference.first(before["tool"], after["tool"], at: "/core/tool") {
      discrepancies.append(discrepancy(.toolDiffers, tool))
    } else if discrepancies.isEmpty, expected.core.outputs == found.core.outputs,
      let key = FieldDifference.first(before["key"], after["key"], at: "/core/key")
    {
      // Of the same program, inputs and parameters there is one key.
      discrepancies.append(discrepancy(.coreDiffers, key))
    }
    return discrepancies
  }

  private func inputDiscrepancy(_ path: String) -> Discrepancy? {
    for index in 0..<max(expected.core.inputs.count, found.core.inputs.count) {
      let before = index < expected.core.inputs.count ? expected.core.inputs[index] : nil
      let after = index < found.core.inputs.count ? found.core.inputs[index] : nil
      if before == after { continue }
      return Discrepancy(
        .coreDiffers, stage: stage, path: path, pointer: "/core/inputs/\(index)", expected: Self.text(before),
        found: Self.text(after))
    }
    return nil
  }

  private static func text(_ file: Receipt.File?) -> String {
    file.map { "\($0.path) \($0.digest), \($0.byteCount) bytes, \($0.recordCount) records" } ?? "nothing"
  }

  // MARK: Outputs

  private func outputDiscrepancies() throws -> (equal: Int, count: Int, [Discrepancy]) {
    let rebuilt = Dictionary(found.core.outputs.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    let listed = Set(expected.core.outputs.map(\.path))
    let published = try publishedDigests()
    var equal = 0
    var discrepancies: [Discrepancy] = []
    for (output, digest) in zip(expected.core.outputs, published) {
      let own = try compare(output, rebuilt: rebuilt[output.path], published: digest)
      if own.isEmpty { equal += 1 }
      discrepancies += own
    }
    let added = found.core.outputs.filter { !listed.contains($0.path) }
    for output in added {
      discrepancies.append(
        Discrepancy(
          .outputAdded, stage: stage, path: output.path.string, expected: "nothing", found: Self.text(output)))
    }
    return (equal, expected.core.outputs.count + added.count, discrepancies)
  }

  /// Of each output; nil: no file is there.
  private func publishedDigests() throws -> [Digest?] {
    guard readsPublished else { return expected.core.outputs.map { _ in nil } }
    // A link, a folder, a pipe or a device in the place of an output is no file.
    var files: [(key: String, path: FilePath)] = []
    var places: [Int?] = []
    for output in expected.core.outputs {
      let path = expected.layout.path(output.path)
      let isFile = try fileSystem.status(of: path, followingLinks: false)?.kind == .regular
      places.append(isFile ? files.count : nil)
      if isFile { files.append((output.path.string, path)) }
    }
    // Knows nothing, so that every byte is read.
    let index = FileIndex(
      fileSystem: fileSystem, clock: clock, location: found.layout.cache.appending("published"), paranoid: true)
    let digests = try index.digests(of: files, jobs: jobs)
    return places.map { place in place.flatMap { digests[$0]?.digest } }
  }

  private func compare(
    _ output: Receipt.File, rebuilt: Receipt.File?, published: Digest?
  ) throws -> [Discrepancy] {
    let path = output.path.string
    guard let rebuilt else {
      return [
        Discrepancy(.outputNotRebuilt, stage: stage, path: path, expected: Self.text(output), found: "nothing")
      ]
    }
    var discrepancies: [Discrepancy] = []
    if rebuilt != output {
      var difference = Discrepancy(
        .outputDiffers, stage: stage, path: path, expected: Self.text(output), found: Self.text(rebuilt))
      // Only a file that is as the receipt says can stand for it.
      if published == output.digest, let line = try firstDifference(output.path, from: expected, to: found) {
        difference.set(line)
      }
      discrepancies.append(difference)
    }
    if published == nil, readsPublished {
      discrepancies.append(
        Discrepancy(.publishedMissing, stage: stage, path: path, expected: Self.text(output), found: "no such file"))
    } else if let published, published != output.digest {
      var difference = Discrepancy(
        .publishedChanged, stage: stage, path: path, expected: Self.text(output),
        found: published == rebuilt.digest ? "the rebuilt file" : published.hex)
      // Likewise: the rebuilt file stands for the receipt where it has its digest.
      if rebuilt.digest == output.digest, let line = try firstDifference(output.path, from: found, to: expected) {
        difference.set(line)
      }
      discrepancies.append(difference)
    }
    return discrepancies
  }

  private func firstDifference(
    _ path: RelativePath, from: ReceiptedStage, to: ReceiptedStage
  ) throws -> LineDifference? {
    try LineDifference.first(fileSystem.open(from.layout.path(path)), fileSystem.open(to.layout.path(path)))
  }
}

extension Discrepancy {
  /// Names the record and the field in which two lines differ.
  fileprivate mutating func set(_ lines: LineDifference) {
    line = lines.number
    let values = (Self.value(lines.expected), Self.value(lines.found))
    record = (values.0 ?? values.1).flatMap(Self.id)
    func text(_ line: [UInt8]?) -> String { line.map { String(decoding: $0, as: UTF8.self) } ?? "the end of the file" }
    let shown: (String, String)
    if let before = values.0, let after = values.1 {
      if let field = FieldDifference.first(before, after) {
        pointer = field.pointer
        shown = (FieldDifference.text(field.expected), FieldDifference.text(field.found))
      } else {
        shown = (text(lines.expected), "the same values in other bytes")
      }
    } else {
      shown = (text(lines.expected), text(lines.found))
    }
    self = Discrepancy(
      code, stage: stage, path: path, line: line, record: record, pointer: pointer, expected: shown.0, found: shown.1)
  }

  /// nil: no line, or no JSON.
  private static func value(_ line: [UInt8]?) -> JSON? { line.flatMap { try? JSON.parse($0) } }

  /// Of a sample, a scored run or a record of evidence; of a quarantined record, of what it shows of that.
  private static func id(_ row: JSON) -> String? {
    for member in ["id", "evidence_run_id", "run_id"] {
      if let id = row[member]?.string { return id }
    }
    return row["source_record"].flatMap(id)
  }
}
