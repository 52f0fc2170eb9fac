import JSONTape
import Receipts

/// What the report says of one stage.
enum StageFacts {
  static func tree(_ record: StageRecord) -> JSON {
    let receipt = record.newest?.receipt
    return [
      "stage": .string(record.name.text),
      "state": .string(record.state.rawValue),
      "receipt_sha256": record.newest.map { .string($0.digest.hex) } ?? .null,
      "previous": receipt?.previous.map { .string($0.hex) } ?? .null,
      "git": git(receipt?.git),
      "tool": receipt.map { tool($0.core.tool) } ?? .null,
      "started_at": receipt.map { .string($0.run.startedAt.text) } ?? .null,
      "finished_at": receipt.map { .string($0.run.finishedAt.text) } ?? .null,
      "duration_ms": receipt.map { .integer($0.run.durationMilliseconds) } ?? .null,
      "actions": receipt.map { actions($0.run.actions) } ?? .null,
      "inputs": receipt.map { files($0.core.inputs) } ?? .null,
      "outputs": receipt.map { files($0.core.outputs) } ?? .null,
      "record_counts": receipt?.core.recordCounts ?? .null,
      "validation": receipt.map { checks($0.core.validation) } ?? .null,
      "behind": .array(record.behind.map { .string($0.text) }),
      "faults": .array(record.faults.map(JSON.string)),
      "failure": record.failed.map(failure) ?? .null,
    ]
  }

  static func git(_ state: GitState?) -> JSON {
    state.map { ["sha": .string($0.sha), "dirty": .bool($0.dirty)] } ?? .null
  }

  static func tool(_ tool: ToolIdentity) -> JSON {
    ["name": .string(tool.name), "version": .string(tool.version), "sha256": .string(tool.digest.hex)]
  }

  private static func failure(_ encoded: ReceiptCodec.Encoded) -> JSON {
    let receipt = encoded.receipt
    return [
      "receipt_sha256": .string(encoded.digest.hex), "finished_at": .string(receipt.run.finishedAt.text),
      "git": git(receipt.git), "record_counts": receipt.core.recordCounts,
      "validation": checks(receipt.core.validation),
    ]
  }

  private static func actions(_ tally: ActionTally) -> JSON {
    ["run": .integer(Int64(tally.run)), "cached": .integer(Int64(tally.cached))]
  }

  private static func files(_ files: [Receipt.File]) -> JSON {
    [
      "files": .integer(Int64(files.count)), "records": .integer(files.reduce(0) { $0 + Int64($1.recordCount) }),
      "bytes": .integer(files.reduce(0) { $0 + Int64($1.byteCount) }),
    ]
  }

  private static func checks(_ checks: [Receipt.Check]) -> JSON {
    .array(
      checks.map { ["check": .string($0.name), "pass": .bool($0.pass), "facts": .array($0.facts.map(JSON.string))] })
  }
}
