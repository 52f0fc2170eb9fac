import JSONTape
import Receipts

/// `evidence.duplicates/1`: finds objects of one source that have the same identity, over all its chunks.
///
/// Parameters: `{"chunks": [[path, …], …]}`, the files of each chunk; inputs "0", "1", …: the `identities` tables of
/// the chunks in order. Of a source with many objects: `{"groups": [{"first": n, "files": [[path, …], …]}, …]}`, the
/// number of each group's first chunk and the files of its chunks; inputs: of each group the same part (see
/// `IdentityParts`). Outputs: `overlay/<i>` for each chunk that has rows (see `Overlay`), none for the others.
/// The first object stays; its `other_verdicts` are the distinct verdicts of the dropped ones that differ from its own,
/// in order of occurrence. It is disputed where a dropped one has a human override that it has not: which word is the
/// later one can't be told once the record is gone. A judgement that would be dropped while it is about something else
/// stops the stage. Counts: `{"duplicates": n}`.
public enum EvidenceReduce {
  public static let function = ActionFunction(name: "evidence.duplicates/1") { try reduce($0) }

  private static func groups(_ parameters: JSON) throws -> [(first: Int, files: [[String]])] {
    func files(_ json: JSON) -> [String] { (json.array ?? []).map { $0.string ?? "" } }
    if let chunks = parameters["chunks"]?.array { return chunks.enumerated().map { ($0, [files($1)]) } }
    guard let groups = parameters["groups"]?.array else {
      throw DistillError(.internalFault, "evidence.duplicates was given no chunks")
    }
    return try groups.map { group in
      guard let first = group["first"]?.integer, first >= 0, let chunks = group["files"]?.array else {
        throw DistillError(.internalFault, "a group of chunks in the parameters of evidence.duplicates lacks a member")
      }
      return (Int(first), chunks.map(files))
    }
  }

  /// The second one would be dropped, and with it what it says of another run: a rejection, maybe.
  private static func lostJudgement(
    _ files: [[String]], _ first: (row: IdentityTable.Row, place: ObjectPlace),
    _ second: (row: IdentityTable.Row, place: ObjectPlace)
  ) -> DistillError {
    let places = [first, second].map { "\(files[$0.place.chunk][$0.row.file]):\($0.row.line + 1)" }
    return DistillError(
      .data, "this judgement has the run_id of the one in \(places[0]), and is about another run or another text",
      place: places[1],
      hint: "Map a run_id that no two judgements share, or none: then each has one of its record and what it is about.")
  }

  static func reduce(_ context: ActionContext) throws -> JSON {
    let groups = try Self.groups(context.parameters)
    let tables = try groups.indices.map { try context.input(String($0)) }
    let rows = try IdentityRows(
      tables, firstChunks: groups.map(\.first), isParted: context.parameters["groups"] != nil)
    let chunkCount = groups.reduce(0) { max($0, $1.first + $1.files.count) }
    var files = [[String]](repeating: [], count: chunkCount)
    for group in groups { files.replaceSubrange(group.first..<group.first + group.files.count, with: group.files) }
    guard rows.allSatisfy({ files[safely: $0.place.chunk]?.indices.contains($0.row.file) ?? false }) else {
      throw DistillError(.internalFault, "an identities table names a file that its chunk does not have")
    }
    var firsts = FirstRows(capacity: rows.count)
    // By chunk, in the order of the rows. Known: the mapping has found it, too.
    var duplicates = [[(row: Int, isKnown: Bool, first: Int)]](repeating: [], count: chunkCount)
    var others: [Int: (verdicts: [Verdict], isDisputed: Bool)] = [:]
    var duplicateCount = 0

    for (number, current) in rows.enumerated() {
      let firstNumber = firsts.insert(number, hash: current.row.identity.high) {
        rows.identity($0) == current.row.identity
      }
      guard firstNumber != number else { continue }
      let kept = rows[firstNumber]
      if current.row.isSaying, current.row.about != kept.row.about {
        throw lostJudgement(files, kept, current)
      }
      duplicateCount += 1
      let isKnown = current.row.isDropped && kept.place.chunk == current.place.chunk
      duplicates[current.place.chunk].append((current.place.row, isKnown, firstNumber))
      if let verdict = current.row.verdict, verdict != kept.row.verdict,
        !(others[firstNumber]?.verdicts.contains(verdict) ?? false)
      {
        others[firstNumber, default: ([], false)].verdicts.append(verdict)
      }
      if current.row.humanOverride != nil, current.row.humanOverride != kept.row.humanOverride {
        others[firstNumber, default: ([], false)].isDisputed = true
      }
    }

    var kept = [[(row: Int, verdicts: [Verdict], isDisputed: Bool)]](repeating: [], count: chunkCount)
    for (number, other) in others.sorted(by: { $0.key < $1.key }) {
      let first = rows[number].place
      kept[first.chunk].append((first.row, other.verdicts, other.isDisputed))
    }
    for chunk in 0..<chunkCount where !duplicates[chunk].isEmpty || !kept[chunk].isEmpty {
      // What the mapping found by itself, and nothing else: it need not run again.
      if kept[chunk].isEmpty, duplicates[chunk].allSatisfy(\.isKnown) { continue }
      let sink = context.output("overlay/\(chunk)")
      var rest = kept[chunk][...]
      for duplicate in duplicates[chunk] {
        while let next = rest.first, next.row < duplicate.row {
          Overlay.writeKept(row: next.row, next.verdicts, isDisputed: next.isDisputed, to: sink)
          rest.removeFirst()
        }
        let first = rows[duplicate.first]
        Overlay.writeDuplicate(
          row: duplicate.row, path: files[first.place.chunk][first.row.file], line: first.row.line, to: sink)
      }
      for next in rest { Overlay.writeKept(row: next.row, next.verdicts, isDisputed: next.isDisputed, to: sink) }
    }
    return ["duplicates": .integer(Int64(duplicateCount))]
  }
}
