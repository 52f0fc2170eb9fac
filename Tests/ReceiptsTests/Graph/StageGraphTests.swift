import JSONTape
import Receipts
import Testing

@Suite("StageGraph")
struct StageGraphTests {
  private struct Node: Stage {
    var name: StageName
    var upstream: [StageName]
    let function = "node/1"
    let parameters: JSON = [:]

    init(_ name: StageName, _ upstream: StageName...) {
      self.name = name
      self.upstream = upstream
    }

    func build(_ run: borrowing StageRun) throws -> StageOutcome {
      StageOutcome(outputs: [], recordCounts: [:], summary: [:], checks: [])
    }
  }

  private func refusal(_ stages: [any Stage]) -> String? {
    do {
      _ = try StageGraph(stages)
      return nil
    } catch {
      return error.message
    }
  }

  @Test("the closure holds what a stage depends on, in the order of the graph")
  func closure() throws {
    let graph = try StageGraph([
      Node("a"), Node("b", "a"), Node("x"), Node("c", "a", "b"), Node("d", "x", "c"), Node("e", "x"),
    ])
    func names(_ wanted: [StageName]) -> [String] { graph.closure(of: wanted).map(\.name.text) }
    #expect(names(["c"]) == ["a", "b", "c"])
    #expect(names(["e"]) == ["x", "e"])
    #expect(names(["e", "b"]) == ["a", "b", "x", "e"])
    #expect(names(["d"]) == ["a", "b", "x", "c", "d"])
    #expect(names([]) == [] && names(["nobody"]) == [])
    #expect(graph.stage("c")?.upstream == ["a", "b"] && graph.stage("nobody") == nil)
  }

  @Test("a circle is refused, as is a stage that stands twice or before what it reads from")
  func circles() {
    #expect(refusal([Node("a", "b"), Node("b", "a")]) == "stage a reads from b, which is not before it")
    #expect(refusal([Node("a", "a")]) == "stage a reads from a, which is not before it")
    #expect(refusal([Node("b", "a"), Node("a")]) == "stage b reads from a, which is not before it")
    #expect(refusal([Node("a"), Node("b", "nobody")]) == "stage b reads from nobody, which is not before it")
    #expect(refusal([Node("a"), Node("a")]) == "there are two stages a")
  }
}
