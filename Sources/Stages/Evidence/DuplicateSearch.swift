import JSONTape
import Receipts

/// Finds, over all chunks of a source, the objects that have the same identity.
///
/// One action looks at all tables together as long as they are no larger than a chunk. Of more, groups of tables are parted by
/// hash, and an action looks at the same part of all groups: each holds about a chunk, however many objects the source has, and a
/// line that is appended runs the last group and the parts of its identities again.
struct DuplicateSearch {
  let source: Source
  /// The files of each chunk.
  let chunks: [[LogSegment]]

  /// - Returns: for each chunk the overlays with which it is to be mapped again; none: what it came to stays.
  func overlays(_ results: [ActionResult], in run: borrowing StageRun) throws -> [[ActionInput]] {
    let tables = try results.map { result in
      guard let table = result.output("identities") else {
        throw DistillError(.internalFault, "a chunk of source \(source.name) has no table of identities")
      }
      return table
    }
    let byteCount = tables.reduce(0) { $0 + $1.byteCount }
    let found = try byteCount <= run.chunkSize ? together(tables, run) : parted(tables, byteCount, run)
    return chunks.indices.map { chunk in
      found.compactMap { $0.output("overlay/\(chunk)") }.enumerated().map { number, overlay in
        ActionInput(name: "overlay/\(number)", digest: overlay.digest, byteCount: overlay.byteCount)
      }
    }
  }

  private var parameters: JSONObject {
    ["chunks": .array(chunks.map { .array($0.map { .string($0.log.path.string) }) })]
  }

  private func together(_ tables: [ActionOutput], _ run: borrowing StageRun) throws -> [ActionResult] {
    try run.execute([
      Action(
        function: EvidenceReduce.function.name, parameters: .object(parameters), inputs: Self.inputs(tables))
    ])
  }

  private func parted(_ tables: [ActionOutput], _ byteCount: Int, _ run: borrowing StageRun) throws -> [ActionResult] {
    var parts = 2
    while byteCount / parts > run.chunkSize { parts *= 2 }
    let groups = Self.groups(tables.map(\.byteCount), size: run.chunkSize)
    let split = try run.execute(
      groups.map { group in
        Action(
          function: IdentityParts.function.name, parameters: ["parts": .integer(Int64(parts))],
          inputs: Self.inputs(Array(tables[group])))
      })
    var parameters = parameters
    parameters["groups"] = .array(groups.map { .integer(Int64($0.count)) })
    return try run.execute(
      (0..<parts).map { part in
        Action(
          function: EvidenceReduce.function.name, parameters: .object(parameters),
          inputs: Self.inputs(try split.map { try Self.part(part, of: $0) }))
      })
  }

  private static func part(_ part: Int, of result: ActionResult) throws -> ActionOutput {
    guard let output = result.output("part/\(part)") else {
      throw DistillError(.internalFault, "a group of tables of identities lacks a part")
    }
    return output
  }

  /// Tables one behind the other, together no larger than a chunk, or one.
  private static func groups(_ byteCounts: [Int], size: Int) -> [Range<Int>] {
    var groups: [Range<Int>] = []
    var (start, openSize) = (0, 0)
    for (index, byteCount) in byteCounts.enumerated() {
      if index > start, openSize + byteCount > size {
        groups.append(start..<index)
        (start, openSize) = (index, 0)
      }
      openSize += byteCount
    }
    groups.append(start..<byteCounts.count)
    return groups
  }

  private static func inputs(_ outputs: [ActionOutput]) -> [ActionInput] {
    outputs.enumerated().map { ActionInput(name: "\($0)", digest: $1.digest, byteCount: $1.byteCount) }
  }
}
