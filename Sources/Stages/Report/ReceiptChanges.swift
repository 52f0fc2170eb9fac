import JSONTape
import Receipts

/// What changed from one receipt of a stage to another.
package enum ReceiptChanges {
  /// Paths and parameters that the report names at most; the counts beside them are of all.
  private static let limit = 20

  /// nil: the stage has no receipt.
  static func tree(_ record: StageRecord) -> JSON? {
    guard let newest = record.newest?.receipt else { return nil }
    var facts: JSONObject = [
      "stage": .string(record.name.text),
      "previous": newest.previous.map { .string($0.hex) } ?? .null,
      "previous_finished_at": record.previous.map { .string($0.receipt.run.finishedAt.text) } ?? .null,
    ]
    if let previous = record.previous?.receipt {
      for (name, value) in tree(from: previous, to: newest, limit: limit) { facts[name] = value }
    }
    return .object(facts)
  }

  /// `tool` and `git` (null: the same), `parameters`, `inputs` and `record_counts`.
  /// - Parameter limit: paths and parameters that are named at most.
  package static func tree(from previous: Receipt, to newest: Receipt, limit: Int) -> JSONObject {
    let (old, new) = (previous.core, newest.core)
    var parameters: [JSON] = []
    compare(old.parameters, new.parameters, at: "", isCounts: false, &parameters)
    var counts: [JSON] = []
    compare(old.recordCounts, new.recordCounts, at: "", isCounts: true, &counts)
    return [
      "tool": old.tool == new.tool
        ? .null : ["before": StageFacts.tool(old.tool), "after": StageFacts.tool(new.tool)],
      "git": previous.git == newest.git
        ? .null : ["before": StageFacts.git(previous.git), "after": StageFacts.git(newest.git)],
      "parameters": listed(parameters, limit),
      "inputs": inputs(old.inputs, new.inputs, limit),
      "record_counts": .array(counts),
    ]
  }

  private static func inputs(_ old: [Receipt.File], _ new: [Receipt.File], _ limit: Int) -> JSON {
    let before = Dictionary(old.map { ($0.path, $0.digest) }, uniquingKeysWith: { first, _ in first })
    let now = Set(new.map(\.path))
    func paths(_ files: [Receipt.File], where isMeant: (Receipt.File) -> Bool) -> JSON {
      listed(files.filter(isMeant).map { .string($0.path.string) }, limit)
    }
    return [
      "added": paths(new) { before[$0.path] == nil },
      "removed": paths(old) { !now.contains($0.path) },
      "changed": paths(new) { file in before[file.path].map { $0 != file.digest } ?? false },
    ]
  }

  private static func listed(_ items: [JSON], _ limit: Int) -> JSON {
    ["count": .integer(Int64(items.count)), "first": .array(Array(items.prefix(limit)))]
  }

  /// Each leaf at which two trees differ, by its JSON Pointer (RFC 6901); in a list whose elements have names the name
  /// stands for the index, so that a source more does not change all behind it. A table of counts that is new or gone
  /// is told entry by entry, as one that grew.
  private static func compare(
    _ old: JSON, _ new: JSON, at pointer: String, isCounts: Bool, _ found: inout [JSON]
  ) {
    if old.canonical == new.canonical { return }
    let isTable = isCounts && (old.object != nil || new.object != nil)
    switch (isTable && old.isNull ? [:] : named(old), isTable && new.isNull ? [:] : named(new)) {
    case (.object(let before), .object(let after)):
      for key in Set(before.keys).union(after.keys).sorted() {
        compare(
          before[key] ?? .null, after[key] ?? .null, at: "\(pointer)/\(key.pointerToken)", isCounts: isCounts, &found)
      }
    case (.array(let before), .array(let after)) where before.count == after.count:
      for (index, pair) in zip(before, after).enumerated() {
        compare(pair.0, pair.1, at: "\(pointer)/\(index)", isCounts: isCounts, &found)
      }
    default: found.append(["at": .string(pointer), "before": old, "after": new])
    }
  }

  /// A list of objects with distinct names as an object; anything else as it is.
  private static func named(_ value: JSON) -> JSON {
    guard let elements = value.array, !elements.isEmpty else { return value }
    let names = elements.compactMap { $0["name"]?.string }
    guard names.count == elements.count, Set(names).count == names.count else { return value }
    return .object(JSONObject(Array(zip(names, elements))))
  }
}
