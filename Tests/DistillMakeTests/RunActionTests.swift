import Foundation
import JSONTape
import Receipts
import Testing

@Suite struct RunActionTests {
  @Test func `every action of a build gives the same in an empty folder that holds only its inputs`() throws {
    let space = try TestSpace("quickstart")
    for (name, folder) in [("distill.yaml", ""), ("Examples/quickstart", "Examples")] {
      if !folder.isEmpty {
        try FileManager.default.createDirectory(atPath: space.path(folder), withIntermediateDirectories: true)
      }
      try FileManager.default.copyItem(atPath: "\(TestSpace.repository)/\(name)", toPath: space.path(name))
    }
    try space.build("--force", "--save-actions", space.path("../actions"))
    let keys = try FileManager.default.contentsOfDirectory(atPath: space.path("../actions"))
    let run = try space.cores().keys.reduce(0) { total, stage in
      total + Int(try space.receipt(stage)["run"]?["actions"]?["run"]?.integer ?? 0)
    }
    // The same action may run in two stages.
    #expect(keys.count > 20 && keys.count <= run)
    var functions: Set<String> = []
    for key in keys {
      let manifest = try space.bytes("../actions/\(key)/action.json")
      #expect(Digest.of(manifest).hex == key)
      let tree = try JSON.parse(manifest)
      functions.insert(tree["function"]?.string ?? "")
      let alone = try TestSpace("alone")
      try alone.write("action.json", manifest)
      for input in tree["inputs"]?.array ?? [] {
        let name = input.array?[1].string ?? ""
        try alone.write(name, try space.bytes("../actions/\(key)/\(name)"))
      }
      let result = try alone.run("run-action", "action.json", environment: ["TZ": "Asia/Tokyo", "LC_ALL": "tr_TR"])
      let wanted = try space.read("../actions/\(key)/result.json")
      #expect(result.exitCode == 0 && result.stdout == wanted)
    }
    #expect(functions.isSuperset(of: ["evidence.map/1", "evidence.duplicates/1", "score.map/2"]))
  }

  @Test func `definitions of a home folder are refused before an action runs`() throws {
    let space = try TestSpace("home")
    try space.write(
      "distill.yaml",
      "version: 1\nsources:\n  - {name: s, files: logs/*, jq: '{run_id: .id, task_id: (.id | todate)}'}\n")
    try space.write("logs/a.jsonl", "{\"id\":1}\n")
    try space.write("home/.jq", "def todate: \"mine\";\n")
    let home = ["HOME": space.path("home")]
    let refused = try space.run("build-evidence", "-q", environment: home)
    #expect(refused.exitCode == 65 && refused.stderr.contains("~/.jq"))
    #expect(try space.run("build-evidence", "-q", "--save-actions", "actions").exitCode == 0)
    let key = try #require(
      try FileManager.default.contentsOfDirectory(atPath: space.path("actions")).first {
        try space.read("actions/\($0)/action.json").contains("evidence.map")
      })
    let alone = try space.run("run-action", "actions/\(key)/action.json", environment: home)
    #expect(alone.exitCode == 65 && alone.stderr.contains("~/.jq"))
    #expect(try space.run("run-action", "actions/\(key)/action.json").exitCode == 0)
  }

  @Test func `an action whose input is missing or another, and a file that is none, are refused`() throws {
    let space = try Lab.space()
    try space.build("--save-actions", "actions")
    let key = try #require(
      try FileManager.default.contentsOfDirectory(atPath: space.path("actions")).sorted().first {
        try space.read("actions/\($0)/action.json").contains("evidence.map")
      })
    let input = try #require(
      try space.json("actions/\(key)/action.json")["inputs"]?.array?[0].array?[1].string)
    let action = "actions/\(key)/action.json"
    let written = try space.run("run-action", action, "--outputs", "outputs")
    #expect(written.exitCode == 0)
    for output in try JSON.parse(Array(written.stdout.utf8))["outputs"]?.array ?? [] {
      let name = try #require(output.array?[1].string)
      #expect(Digest.of(try space.bytes("outputs/\(name)")).hex == name)
    }
    try space.write("actions/\(key)/\(input)", "another")
    let another = try space.run("run-action", action)
    #expect(another.exitCode == 65 && another.stderr.contains("has another SHA-256 than its name"))
    try space.remove("actions/\(key)/\(input)")
    let missing = try space.run("run-action", action)
    #expect(missing.exitCode == 65 && missing.stderr.contains("is missing"))
    #expect(try space.run("run-action", "distill.yaml").exitCode == 65)
    #expect(try space.run("run-action", "nowhere.json").exitCode == 65)
  }
}
