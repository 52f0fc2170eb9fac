import JSONTape

/// Which fragments the outputs of a stage are made of, and which records of the action cache its run used, kept in the
/// same cache under the stage's key. A cache: where it is gone, each output counts as one fragment.
struct FragmentTable {
  var fragments: [RelativePath: [Fragment]]
  var records: [Digest] = []

  init(_ outputs: [PlannedOutput], records: [Digest]) {
    fragments = Dictionary(outputs.map { ($0.path, $0.fragments) }, uniquingKeysWith: { first, _ in first })
    self.records = records
  }

  static func load(stageKey: Digest, from cache: any ActionCache) throws -> FragmentTable? {
    guard let record = try cache.record(for: stageKey), let rows = record["fragments"]?.array else { return nil }
    var table = FragmentTable(
      [], records: record["records"]?.array?.compactMap { $0.string.flatMap(Digest.init(hex:)) } ?? [])
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

  static func save(
    _ outputs: [PlannedOutput], records: [Digest], stageKey: Digest, to cache: any ActionCache
  ) throws {
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
    try cache.save(
      ["fragments": .array(rows), "records": .array(records.map { .string($0.hex) })], for: stageKey)
  }
}

extension Build {
  /// Keeps which fragments a stage's outputs are made of, for later builds, and for the stages of this one.
  func saveFragments(_ outputs: [PlannedOutput], stageKey: Digest) throws {
    let records = cache.takeUsed()
    try FragmentTable.save(outputs, records: records, stageKey: stageKey, to: cache)
    let table = FragmentTable(outputs, records: records)
    fragments.withLock { $0[stageKey] = table }
  }

  /// nil: not known any more.
  func fragmentTable(of stageKey: Digest) throws -> FragmentTable? {
    try fragments.withLock { $0[stageKey] } ?? FragmentTable.load(stageKey: stageKey, from: cache)
  }
}
