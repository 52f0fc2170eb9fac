import JSONTape
import Testing

@Suite struct ProfileTests {
  @Test func `a profile has every stage, what it ran, and when`() throws {
    let space = try Lab.space()
    try space.build("--profile", space.path("profile.json"))
    let trace = try JSON.parse(try space.bytes("profile.json"))
    let events = trace["traceEvents"]?.array ?? []
    func names(_ category: String) -> [String] {
      events.filter { $0["cat"]?.string == category }.compactMap { $0["name"]?.string }
    }
    #expect(names("stage") == TestSpace.stages)
    #expect(names("publish").count == TestSpace.stages.count)
    #expect(Set(names("action")).isSuperset(of: ["evidence.map/1", "score.map/2", "rag.map/1", "sft.map/1"]))
    for event in events {
      #expect(event["ph"] == "X" && event["pid"] == 1)
      #expect((event["ts"]?.double ?? -1) >= 0 && (event["dur"]?.double ?? -1) >= 0)
    }
    // What two exporters ask alike runs once.
    let shared = ["export.tasks/1", "export.lengths/1"]
    for action in events.filter({ $0["cat"]?.string == "action" }) {
      #expect((action["tid"]?.integer ?? 0) >= 1)
      if !shared.contains(action["name"]?.string ?? "") { #expect(action["args"]?["cached"] == false) }
    }

    try space.build("--profile", space.path("again.json"))
    let again = try JSON.parse(try space.bytes("again.json"))["traceEvents"]?.array ?? []
    #expect(again.compactMap { $0["args"]?["ending"]?.string } == TestSpace.stages.map { _ in "up to date" })
    // A file is no folder.
    let result = try space.run("all", "--profile", space.path("distill.yaml/trace.json"))
    #expect(result.exitCode == 73 && result.stderr.contains("distill.yaml"))
  }
}
