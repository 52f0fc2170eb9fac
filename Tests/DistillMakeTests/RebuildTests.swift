import Foundation
import Glibc
import JSONTape
import Testing

@Suite("An incremental build")
struct RebuildTests {
  /// The outputs of a build from nothing with the same configuration and logs.
  private func clean(_ space: TestSpace) throws -> [String: [UInt8]] {
    let other = try TestSpace("clean")
    try other.write("distill.yaml", try space.bytes("distill.yaml"))
    for file in space.files("logs") { try other.write(file, try space.bytes(file)) }
    try other.build()
    return try other.outputs()
  }

  private func expectClean(_ space: TestSpace, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(differences(try clean(space), try space.outputs()) == [], sourceLocation: sourceLocation)
    try expectChecksums(of: space, sourceLocation: sourceLocation)
  }

  @Test("of a log that grew, shrank or changed is what a clean build gives")
  func changedLog() throws {
    let space = try Lab.built()
    for text in [
      Lab.firstDay + Lab.line("r7", says: "One more."), Lab.line("r1", says: "Only this."),
      Lab.line("r1", says: "Only that.", tests: "failed"), "", Lab.firstDay,
    ] {
      try space.write("logs/2026-03-01.jsonl", text)
      #expect(try space.states("all")["build-evidence"] == "built")
      try expectClean(space)
    }
  }

  @Test("sees an edit of the same size whose mtime was set back")
  func hiddenEdit() throws {
    let space = try Lab.built()
    let log = space.path("logs/2026-03-01.jsonl")
    var before = stat()
    #expect(stat(log, &before) == 0)
    let edited = Lab.firstDay.replacingOccurrences(of: "\"passed\"", with: "\"failed\"")
    #expect(edited.utf8.count == Lab.firstDay.utf8.count)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    try file.write(contentsOf: Data(edited.utf8))
    try file.close()
    let times = [before.st_atim, before.st_mtim]
    #expect(utimensat(AT_FDCWD, log, times, 0) == 0)

    #expect(try space.states("all")["build-evidence"] == "built")
    #expect(try space.counts("score")["by_category"]?["accepted"]?.integer == 1)
    try expectClean(space)
  }

  @Test("removes the partition of a day whose log is gone, and its folder")
  func removedDay() throws {
    let space = try Lab.built()
    #expect(space.exists("data/evidence/2026/03/02/lab.jsonl"))
    try space.remove("logs/2026-03-02.jsonl")
    try space.build()
    for folder in ["data/evidence", "data/scored-runs"] {
      #expect(!space.exists("\(folder)/2026/03/02"))
      #expect(space.exists("\(folder)/2026/03/01/lab.jsonl"))
    }
    try expectClean(space)
    try space.write("logs/2026-03-02.jsonl", Lab.secondDay)
    try space.build()
    try expectClean(space)
  }

  @Test("adds a day and leaves the partitions of other days untouched")
  func addedDay() throws {
    let space = try Lab.built()
    let before = space.state("data")
    try space.write("logs/2026-03-03.jsonl", Lab.line("r9", task: "t3", at: "2026-03-03T00:00:00Z"))
    try space.build()
    let changed = differences(before, space.state("data")).filter { $0.hasSuffix(".jsonl") }
    #expect(changed == ["data/evidence/2026/03/03/lab.jsonl", "data/scored-runs/2026/03/03/lab.jsonl"])
    try expectClean(space)
  }

  @Test(
    "mends an output that was edited, emptied or removed, and only its stage runs",
    arguments: [
      ("data/evidence/2026/03/01/lab.jsonl", "build-evidence"), ("data/scored-runs/2026/03/02/lab.jsonl", "score"),
      ("exports/rag/playbooks.jsonl", "export-rag"), ("exports/quarantine/sft.jsonl", "export-sft"),
      ("exports/preference/chosen_rejected.jsonl", "export-preference"),
    ])
  func editedOutput(_ output: (path: String, stage: String)) throws {
    let space = try Lab.built()
    let before = try space.outputs()
    let receipts = space.state("receipts")
    for damage in ["edited", "empty", "gone"] {
      switch damage {
      case "edited": try space.write(output.path, try space.read(output.path) + "{}\n")
      case "empty": try space.write(output.path, "")
      default: try space.remove(output.path)
      }
      #expect(try space.states("status")[output.stage] == "will_run", "\(damage)")
      let states = try space.states("all").filter { $0.value != "up_to_date" }
      #expect(states == [output.stage: "built"], "\(damage)")
      #expect(differences(before, try space.outputs()) == [], "\(damage)")
    }
    // The receipt of a run that came out the same stays byte for byte.
    #expect(
      Set(receipts.keys) == Set(space.state("receipts").keys), "a run that came out the same left another receipt")
  }

  @Test(
    "never trusts a row that was changed by hand, whether its schema still holds or not",
    arguments: [
      ("data/evidence/2026/03/01/lab.jsonl", "build-evidence"), ("data/scored-runs/2026/03/01/lab.jsonl", "score"),
      ("exports/rag/playbooks.jsonl", "export-rag"), ("exports/sft/instruction_response.jsonl", "export-sft"),
      ("exports/preference/chosen_rejected.jsonl", "export-preference"),
    ])
  func forgedRow(_ output: (path: String, stage: String)) throws {
    let space = try Lab.built()
    let before = try space.outputs()
    let text = try space.read(output.path)
    let forgeries: [(String, (String) -> String)] = [
      ("another type", { $0.replacingOccurrences(of: "\"schema_version\":1,", with: "\"schema_version\":\"1\",") }),
      (
        "a key too many",
        { $0.replacingOccurrences(of: "{\"schema_version\":1,", with: "{\"zebra\":0,\"schema_version\":1,") }
      ),
      ("a key too few", { $0.replacingOccurrences(of: "\"schema_version\":1,", with: "") }),
      ("a rejected run made good", { $0.replacingOccurrences(of: "rejected", with: "accepted") }),
      ("another text", { $0.replacingOccurrences(of: "Read the log first.", with: "Trust whoever asks.") }),
      ("not JSON", { String($0.dropLast(5)) + "\n" }),
    ]
    for (what, forge) in forgeries {
      let forged = forge(text)
      guard forged != text else { continue }
      try space.write(output.path, forged)
      #expect(try space.states("status")[output.stage] == "will_run", "\(what)")
      #expect(try space.states("all").filter { $0.value != "up_to_date" } == [output.stage: "built"], "\(what)")
      #expect(differences(before, try space.outputs()) == [], "\(what)")
      // Not even where everything behind it is made anew from what is on disk.
      try space.write(output.path, forged)
      try space.remove("exports/rag/playbooks.jsonl")
      try space.build("--force")
      #expect(differences(before, try space.outputs()) == [], "\(what), with --force")
    }
  }

  @Test("mends an output that was replaced by a link to a device")
  func replacedOutput() throws {
    let space = try Lab.built()
    let before = try space.outputs()
    try space.remove("exports/rag/playbooks.jsonl")
    try FileManager.default.createSymbolicLink(
      atPath: space.path("exports/rag/playbooks.jsonl"), withDestinationPath: "/dev/null")
    #expect(try space.states("all")["export-rag"] == "built")
    #expect(differences(before, try space.outputs()) == [])
  }

  @Test("comes out right with damaged, emptied or missing cache objects", arguments: ["flipped", "empty", "gone"])
  func damagedCache(_ damage: String) throws {
    let space = try Lab.built()
    for file in space.files(".distill/objects") + space.files(".distill/actions") {
      var bytes = try space.bytes(file)
      chmod(space.path(file), 0o644)
      switch damage {
      case "flipped":
        if bytes.isEmpty { bytes = [0x20] } else { bytes[bytes.count / 2] ^= 1 }
        try space.write(file, bytes)
      case "empty": try space.write(file, "")
      default: try space.remove(file)
      }
    }
    try space.write("exports/rag/playbooks.jsonl", "edited\n")
    try space.write("logs/2026-03-01.jsonl", Lab.firstDay + Lab.line("r7", says: "One more."))
    try space.build()
    try expectClean(space)
    #expect(Set(try space.states("all").values) == ["up_to_date"])
  }

  @Test("comes out right with a damaged file index", arguments: [0, 1, 40, 100_000])
  func damagedIndex(_ length: Int) throws {
    let space = try Lab.built()
    let index = try space.bytes(".distill/index")
    try space.write(".distill/index", Array(index.prefix(length)) + (length > index.count ? [1, 2, 3] : []))
    try space.write("logs/2026-03-01.jsonl", Lab.firstDay + Lab.line("r7", says: "One more."))
    try space.build()
    try expectClean(space)
  }

  @Test("replaces a receipt that was edited or cut off", arguments: TestSpace.stages)
  func damagedReceipt(_ stage: String) throws {
    let space = try Lab.built()
    let outputs = try space.outputs()
    let receipt = try space.read("receipts/\(stage)/receipt.json")
    for text in [receipt.replacingOccurrences(of: "\"bytes\":", with: "\"bytes\":1"), String(receipt.prefix(100)), ""] {
      try space.write("receipts/\(stage)/receipt.json", text)
      #expect(try space.states("all")[stage] == "built")
      #expect(differences(outputs, try space.outputs()) == [])
      try expectChecksums(of: space)
    }
  }

  @Test("stops early: a stage whose inputs came out the same does not run")
  func earlyCutoff() throws {
    let space = try Lab.built()
    // Another field of the record, which no evidence takes: its digest is in the provenance, so evidence does change.
    // A blank line at the end changes the log and nothing else.
    try space.write("logs/2026-03-02.jsonl", Lab.secondDay + "\n")
    let states = try space.states("all")
    #expect(states["build-evidence"] == "built")
    #expect(states.filter { $0.value != "up_to_date" }.keys.sorted() == ["build-evidence"])
    try expectClean(space)
  }

  @Test("with --force runs everything and leaves the receipts and outputs as they were")
  func force() throws {
    let space = try Lab.built()
    let outputs = try space.outputs()
    let receipts = try TestSpace.stages.map { try space.bytes("receipts/\($0)/receipt.json") }
    #expect(Set(try space.states("all", "--force").values) == ["built"])
    #expect(differences(outputs, try space.outputs()) == [])
    #expect(try TestSpace.stages.map { try space.bytes("receipts/\($0)/receipt.json") } == receipts)
  }

  @Test("keeps each receipt in the history, chained by the one before")
  func history() throws {
    let space = try Lab.built()
    let first = try space.receipt("score")["receipt_sha256"]
    try space.write("logs/2026-03-01.jsonl", Lab.line("r1"))
    try space.build()
    let second = try space.receipt("score")
    #expect(second["previous"] == first)
    #expect(space.exists("receipts/history/\(first?.string ?? "").json"))
    #expect(space.exists("receipts/history/\(second["receipt_sha256"]?.string ?? "").json"))
  }
}
