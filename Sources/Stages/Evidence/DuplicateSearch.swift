import JSONTape
import Receipts

/// Finds, over all chunks of a source, the objects that have the same identity.
///
/// One action looks at all tables together as long as they are no larger than a chunk. Of more, groups of tables are
/// parted by hash, and an action looks at the same part of all groups: each holds about a chunk, however many objects
/// the source has, and a line that is appended runs the last group and the parts of its identities again.
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

  private func files(_ chunk: Int) -> JSON { .array(chunks[chunk].map { .string($0.log.path.string) }) }

  private func together(_ tables: [ActionOutput], _ run: borrowing StageRun) throws -> [ActionResult] {
    try run.execute([
      Action(
        function: EvidenceReduce.function.name, parameters: ["chunks": .array(chunks.indices.map(files))],
        inputs: tables.numbered)
    ])
  }

  private func parted(
    _ tables: [ActionOutput], _ byteCount: Int, _ run: borrowing StageRun
  ) throws -> [ActionResult] {
    var parts = 2
    while byteCount / parts > run.chunkSize { parts *= 2 }
    let groups = TableGroups.cut(tables.map(\.byteCount), size: run.chunkSize)
    let split = try run.execute(
      groups.map { group in
        Action(
          function: IdentityParts.function.name, parameters: ["parts": .integer(Int64(parts))],
          inputs: Array(tables[group]).numbered)
      })
    return try run.execute(try (0..<parts).compactMap { try search(part: $0, of: split, groups) })
  }

  /// Sees only what is in its part: chunks without an object there may come and go.
  /// - Returns: nil: nothing is in the part.
  private func search(part: Int, of split: [ActionResult], _ groups: [Range<Int>]) throws -> Action? {
    var tables: [ActionOutput] = []
    var parameters: [JSON] = []
    for (result, group) in zip(split, groups) {
      guard let table = result.output("part/\(part)"), let seen = result.counts["chunks"]?.array?[part].array else {
        throw DistillError(.internalFault, "a group of tables of identities lacks a part")
      }
      guard let last = seen.last?.integer else { continue }
      let isSeen = Set(seen.compactMap(\.integer))
      tables.append(table)
      parameters.append([
        "first": .integer(Int64(group.lowerBound)),
        "files": .array((0...Int(last)).map { isSeen.contains(Int64($0)) ? files(group.lowerBound + $0) : [] }),
      ])
    }
    guard !tables.isEmpty else { return nil }
    return Action(
      function: EvidenceReduce.function.name, parameters: ["groups": .array(parameters)], inputs: tables.numbered)
  }
}
