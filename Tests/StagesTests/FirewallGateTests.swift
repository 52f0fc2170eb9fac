import Receipts
import Testing

@testable import Stages

@Suite("The gates of the firewall")
struct FirewallGateTests {
  /// What gets through, or is stopped for another reason, at the exporters of a function table.
  private func leaks(_ table: FunctionTable) -> [String] {
    let actions = FirewallActions(table: table)
    return FirewallPlant.all.compactMap { $0.leak(actions) }
  }

  @Test("nothing leaks with all gates in place")
  func complete() {
    #expect(leaks(Pipeline.functions) == [])
  }

  @Test("without its gate a plant gets out, or is stopped for another reason", arguments: Gate.Name.allCases)
  func needed(_ name: Gate.Name) {
    let plants = FirewallPlant.all.filter { $0.gate == name }
    #expect(!plants.isEmpty, "no plant shows that the gate \(name) is needed")
    let leaks = leaks(Pipeline.functions(behind: Firewall(removed: [name])))
    for plant in plants {
      #expect(
        leaks.contains { $0.hasPrefix("\(name): \(plant.what): ") }, "\(plant.what) is stopped without \(name), too")
    }
  }

  @Test("without gates rows get out, not only under other reasons")
  func open() throws {
    let actions = FirewallActions(table: Pipeline.functions(behind: Firewall(removed: Set(Gate.Name.allCases))))
    let out = try FirewallPlant.all.filter { try $0.export(actions).rows.count > $0.exported }
    #expect(
      Set(out.map(\.gate)).isSuperset(of: [.scoredRun, .category, .holdout, .sourceFiles, .sample, .duplicate]))
    #expect(Set(out.map(\.gate)).isSuperset(of: [.contested, .selfPairing]))
  }
}
