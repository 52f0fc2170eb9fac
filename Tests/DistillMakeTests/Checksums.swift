import Testing

/// Checks the receipts of every stage with coreutils alone: no code of the program has a part in it.
func expectChecksums(of space: TestSpace, sourceLocation: SourceLocation = #_sourceLocation) throws {
  for stage in TestSpace.stages {
    for name in ["inputs", "outputs"] {
      let result = try Machine.run(["sha256sum", "--strict", "-c", "receipts/\(stage)/\(name).sha256"], in: space.root)
      #expect(result.exitCode == 0, "\(stage) \(name): \(result.stderr)", sourceLocation: sourceLocation)
      let listed = try space.read("receipts/\(stage)/\(name).sha256").split(separator: "\n").count
      let stated = try space.receipt(stage)["core"]?[name]?.array?.count
      #expect(listed == stated, "\(stage) \(name)", sourceLocation: sourceLocation)
    }
    let found = try Machine.run(
      [
        "sh", "-c", "sed 's/,\"receipt_sha256\":\"[0-9a-f]*\"//' receipt.json | sha256sum",
      ], in: space.path("receipts/\(stage)"))
    let stated = try space.receipt(stage)["receipt_sha256"]?.string ?? ""
    #expect(found.stdout == "\(stated)  -\n", "\(stage)", sourceLocation: sourceLocation)
    #expect(
      try space.bytes("receipts/\(stage)/receipt.json") == space.bytes("receipts/history/\(stated).json"), "\(stage)",
      sourceLocation: sourceLocation)
  }
}
