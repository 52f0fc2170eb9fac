import JSONTape

/// Which fragments the outputs of a stage are made of, kept in the action cache under the stage's key. A cache: where it is
/// gone, each output counts as one fragment.
struct FragmentTable {
  var fragments: [RelativePath: [Fragment]]

  static func load(stageKey: Digest, from cache: any ActionCache) throws -> FragmentTable? {
    guard let rows = try cache.record(for: stageKey)?["fragments"]?.array else { return nil }
    var table = FragmentTable(fragments: [:])
    for row in rows {
      guard let cells = row.array, let path = cells.first?.string.flatMap(RelativePath.init) else { return nil }
      var fragments: [Fragment] = []
      for cell in cells.dropFirst() {
        guard let parts = cell.array, parts.count == 4, let digest = parts[0].string.flatMap(Digest.init(hex:)),
          let bytes = parts[1].integer, let records = parts[2].integer
        else { return nil }
        fragments.append(
          Fragment(
            digest: digest, byteCount: Int(bytes), recordCount: Int(records),
            origin: parts[3].string.flatMap(Digest.init(hex:))))
      }
      table.fragments[path] = fragments
    }
    return table
  }

  static func save(_ outputs: [PlannedOutput], stageKey: Digest, to cache: any ActionCache) throws {
    let rows = outputs.map { output in
      JSON.array(
        [.string(output.path.string)]
          + output.fragments.map {
            [
              .string($0.digest.hex), .integer(Int64($0.byteCount)), .integer(Int64($0.recordCount)),
              $0.origin.map { .string($0.hex) } ?? .null,
            ]
          })
    }
    try cache.save(["fragments": .array(rows)], for: stageKey)
  }
}
