import Foundation
import JSONTape
import Receipts

/// What somebody can do who may write every file of a workspace but has no key: edit, and make the receipts fit again.
struct Forgery {
  let space: TestSpace

  // MARK: Rows

  /// Rewrites the rows of a file; nil drops one.
  func edit(_ file: String, _ change: (JSONObject) throws -> JSONObject?) throws {
    let rows = try space.rows(file).compactMap { row in try change(row.object ?? [:]).map(JSON.object) }
    try write(rows, to: file)
  }

  func append(_ row: JSON, to file: String) throws { try write(try space.rows(file) + [row], to: file) }

  private func write(_ rows: [JSON], to file: String) throws {
    try space.write(file, rows.flatMap { $0.encoded() + [UInt8(ascii: "\n")] })
  }

  /// The first row with that value.
  func row(_ file: String, _ member: String, _ value: JSON) throws -> JSONObject {
    guard let row = try space.rows(file).first(where: { $0[member] == value })?.object else {
      throw TestSpaceError("no row of \(file) has \(member) \(value.canonicalString)")
    }
    return row
  }

  /// The id of a sample.
  static func id(_ prefix: String, _ runID: String, _ provenance: JSON) -> JSON {
    .string(prefix + Digest.of("\(runID)|\(provenance["sig_hash"]?.string ?? "")").hex.prefix(16))
  }

  // MARK: Receipts

  /// Makes all receipts say what the files are, with every hash in them, and files them in the history.
  /// - Parameter change: whatever else a receipt is to say.
  func fit(_ change: (String, inout Receipt) -> Void = { _, _ in }) throws {
    for stage in TestSpace.stages {
      var receipt = try receipt(stage)
      receipt.core.outputs = try receipt.core.outputs.map { file in try fitted(file, countsRecords: true) }
      receipt.core.inputs = try receipt.core.inputs.map { file in
        try fitted(file, countsRecords: file.path.string.hasPrefix("data/"))
      }
      change(stage, &receipt)
      try write(receipt)
    }
  }

  func receipt(_ stage: String) throws -> Receipt {
    try ReceiptCodec.decode(try space.bytes("receipts/\(stage)/receipt.json"), place: stage).receipt
  }

  /// In the place of the newest one.
  func write(_ receipt: Receipt) throws {
    let folder = "receipts/\(receipt.stage)"
    let old = try ReceiptCodec.decode(try space.bytes("\(folder)/receipt.json"), place: folder)
    try space.remove("receipts/history/\(old.digest.hex).json")
    let new = ReceiptCodec.encode(receipt)
    try space.write("\(folder)/receipt.json", new.bytes)
    try space.write("receipts/history/\(new.digest.hex).json", new.bytes)
    func list(_ files: [Receipt.File]) -> String { files.map { "\($0.digest)  \($0.path)\n" }.joined() }
    try space.write("\(folder)/inputs.sha256", list(receipt.core.inputs))
    try space.write("\(folder)/outputs.sha256", list(receipt.core.outputs))
  }

  private func fitted(_ file: Receipt.File, countsRecords: Bool) throws -> Receipt.File {
    let bytes = try space.bytes(file.path.string)
    return Receipt.File(
      path: file.path, digest: .of(bytes), byteCount: bytes.count,
      recordCount: countsRecords ? bytes.count { $0 == UInt8(ascii: "\n") } : file.recordCount)
  }
}

extension Receipt {
  /// Adds to a count, in tables within tables: `by_reason/empty_content`.
  mutating func count(_ path: String, _ change: Int64) {
    func changed(_ tree: JSON, _ keys: ArraySlice<Substring>) -> JSON {
      guard let key = keys.first else { return .integer((tree.integer ?? 0) + change) }
      var object = tree.object ?? [:]
      let value = changed(object[String(key)] ?? .null, keys.dropFirst())
      // Every source has all its terms, and a table only names that there are.
      let isGone = value == .integer(0) && keys.count == 1 && path.contains("/") && !path.hasPrefix("by_source/")
      object[String(key)] = isGone ? JSON?.none : value
      return .object(object)
    }
    core.recordCounts = changed(core.recordCounts, path.split(separator: "/")[...])
  }
}

extension TestSpace {
  /// The findings of an audit, `code path`, without notes unless they are asked for; each once.
  func audit(_ arguments: String..., notes: Bool = false) throws -> [String] {
    let result = try start(["audit", "--json"] + arguments).wait()
    guard result.stderr.isEmpty else { throw TestSpaceError("the audit said \(result.stderr)") }
    let tree = try JSON.parse(Array(result.stdout.utf8))
    let results = tree["results"]?.array ?? []
    let count = results.count { $0["level"] == "finding" }
    guard tree["findings"] == .integer(Int64(count)), tree["ok"] == .bool(count == 0),
      result.exitCode == (count == 0 ? 0 : 1)
    else { throw TestSpaceError("exit code \(result.exitCode) and \(count) findings: \(result.stdout)") }
    return Set(
      results.filter { notes || $0["level"] == "finding" }
        .map { "\($0["code"]?.string ?? "") \($0["path"]?.string ?? "")" }
    ).sorted()
  }
}
