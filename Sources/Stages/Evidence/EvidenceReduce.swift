import JSONTape
import Receipts

/// `evidence.duplicates/1`: finds objects of one source that have the same identity, over all its chunks.
///
/// Inputs "0", "1", …: the `identities` tables of the chunks in order. Parameters: `{"chunks": [[path, …], …]}`, the
/// files of each chunk. Outputs: `overlay/<i>` for each chunk that has rows (see `Overlay`), none for the others.
/// The first object stays; its `other_verdicts` are the distinct verdicts of the dropped ones that differ from its own,
/// in order of occurrence. It is disputed where a dropped one has a human override that it has not: which word is the later one
/// can't be told once the record is gone. Counts: `{"duplicates": n}`.
public enum EvidenceReduce {
  public static let function = ActionFunction(name: "evidence.duplicates/1") { try reduce($0) }

  private struct Place {
    var chunk: Int
    var row: Int
  }

  static func reduce(_ context: ActionContext) throws -> JSON {
    guard let chunks = context.parameters["chunks"]?.array else {
      throw DistillError(.internalFault, "evidence.duplicates was given no chunks")
    }
    let files = chunks.map { ($0.array ?? []).map { $0.string ?? "" } }
    let tables = try chunks.indices.map {
      try TableReader(try context.input(String($0)), rowWidth: IdentityTable.rowSize)
    }
    let starts = tables.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.rowCount) }
    var firsts = FirstRows(capacity: starts[starts.count - 1])
    // By chunk, in the order of the rows.
    var duplicates = [[(row: Int, first: Place)]](repeating: [], count: tables.count)
    var others: [Int: (verdicts: [Verdict], isDisputed: Bool)] = [:]
    var duplicateCount = 0

    func place(_ number: Int) -> Place {
      var (low, high) = (0, tables.count)
      while high - low > 1 {
        let middle = (low + high) / 2
        if starts[middle] <= number { low = middle } else { high = middle }
      }
      return Place(chunk: low, row: number - starts[low])
    }
    func row(_ place: Place) -> IdentityTable.Row { IdentityTable.row(place.row, of: tables[place.chunk]) }

    for chunk in tables.indices {
      for index in 0..<tables[chunk].rowCount {
        let current = IdentityTable.row(index, of: tables[chunk])
        let number = starts[chunk] + index
        let firstNumber = firsts.insert(number, hash: current.identity.high) {
          row(place($0)).identity == current.identity
        }
        guard firstNumber != number else { continue }
        let first = place(firstNumber)
        duplicateCount += 1
        duplicates[chunk].append((index, first))
        let kept = row(first)
        if let verdict = current.verdict, verdict != kept.verdict,
          !(others[firstNumber]?.verdicts.contains(verdict) ?? false)
        {
          others[firstNumber, default: ([], false)].verdicts.append(verdict)
        }
        if current.humanOverride != nil, current.humanOverride != kept.humanOverride {
          others[firstNumber, default: ([], false)].isDisputed = true
        }
      }
    }

    var kept = [[(row: Int, verdicts: [Verdict], isDisputed: Bool)]](repeating: [], count: tables.count)
    for (number, other) in others.sorted(by: { $0.key < $1.key }) {
      let first = place(number)
      kept[first.chunk].append((first.row, other.verdicts, other.isDisputed))
    }
    for chunk in tables.indices where !duplicates[chunk].isEmpty || !kept[chunk].isEmpty {
      // What the mapping found by itself, and nothing else: it need not run again.
      if kept[chunk].isEmpty,
        duplicates[chunk].allSatisfy({
          $0.first.chunk == chunk && IdentityTable.row($0.row, of: tables[chunk]).isDropped
        })
      {
        continue
      }
      let sink = context.output("overlay/\(chunk)")
      var rest = kept[chunk][...]
      for duplicate in duplicates[chunk] {
        while let next = rest.first, next.row < duplicate.row {
          Overlay.writeKept(row: next.row, next.verdicts, isDisputed: next.isDisputed, to: sink)
          rest.removeFirst()
        }
        let first = row(duplicate.first)
        guard files[duplicate.first.chunk].indices.contains(first.file) else {
          throw DistillError(.internalFault, "an identities table names a file that its chunk does not have")
        }
        Overlay.writeDuplicate(
          row: duplicate.row, path: files[duplicate.first.chunk][first.file], line: first.line, to: sink)
      }
      for next in rest { Overlay.writeKept(row: next.row, next.verdicts, isDisputed: next.isDisputed, to: sink) }
    }
    return ["duplicates": .integer(Int64(duplicateCount))]
  }
}
