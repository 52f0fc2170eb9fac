import Foundation
import Testing

/// What a build must not depend on.
enum Circumstance: String, CaseIterable, Sendable {
  case folderName = "the name of the workspace's folder"
  case timeZone = "the time zone"
  case plainLocale = "the locale C"
  case turkishLocale = "a Turkish locale"
  case tightMask = "umask 077"
  case openMask = "umask 000"
  case oneThread = "one thread"
  case manyThreads = "eight threads"
  case creationOrder = "the order in which the logs were made"
  case flags = "--paranoid, --keep-going and --force"
  case stageByStage = "building stage by stage"
}

@Suite("The bytes do not depend on")
struct InvarianceTests {
  /// Enough files for more than one order, and texts that locales see differently.
  private func space(_ name: String = "workspace", reversed: Bool = false) throws -> TestSpace {
    let space = try TestSpace(name)
    try space.write("distill.yaml", Lab.configuration)
    let names = ["I", "i", "ı", "İ", "z", "ä", "Z", "_", "10", "9"]
    for (number, name) in reversed ? Array(names.enumerated().reversed()) : Array(names.enumerated()) {
      let verdicts = ["passed", "failed", "flaky"]
      let lines = (0..<6).map { index in
        Lab.line(
          "\(name)-\(index)", task: "t\(index % 2)",
          at: index == 5 ? nil : "2026-03-0\(1 + number % 3)T0\(index):00:00.5+02:00",
          says: "Answer \(name) ﬁ İ \(number * 6 + index)", tests: verdicts[(number + index) % 3])
      }
      try space.write("logs/\(name).jsonl", lines.joined())
    }
    return space
  }

  private func variant(_ circumstance: Circumstance) throws -> TestSpace {
    func masked(_ mask: String) -> [String] { ["sh", "-c", "umask \(mask); exec \"$0\" \"$@\""] }
    let space = try self.space(
      circumstance == .folderName ? "ein Ördner with 'quotes'" : "workspace", reversed: circumstance == .creationOrder)
    switch circumstance {
    case .folderName, .creationOrder: try space.build()
    case .timeZone: try space.build(environment: ["TZ": "America/St_Johns"])
    case .plainLocale: try space.build(environment: ["LC_ALL": "C", "LANG": "C"])
    case .turkishLocale: try space.build(environment: ["LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR", "LANGUAGE": "tr"])
    case .tightMask: try space.build(through: masked("077"))
    case .openMask: try space.build(through: masked("000"))
    case .oneThread: try space.build("-j", "1")
    case .manyThreads: try space.build("-j", "8")
    case .flags: try space.build("--paranoid", "--keep-going", "--force")
    case .stageByStage:
      for stage in TestSpace.stages { #expect(try space.run(stage, "-q").exitCode == 0) }
    }
    return space
  }

  @Test("these", arguments: Circumstance.allCases)
  func circumstance(_ circumstance: Circumstance) throws {
    let plain = try space()
    try plain.build()
    let other = try variant(circumstance)
    #expect(try plain.outputs().count == other.outputs().count)
    #expect(differences(try plain.outputs(), try other.outputs()) == [], "\(circumstance.rawValue)")
    #expect(differences(try plain.cores(), try other.cores()) == [], "\(circumstance.rawValue)")
  }

  @Test("the folder: a renamed workspace is up to date")
  func renamed() throws {
    let space = try space()
    try space.build()
    let moved = try TestSpace("moved")
    try moved.remove("")
    try FileManager.default.moveItem(atPath: space.root, toPath: moved.root)
    #expect(Set(try moved.states("all").values) == ["up_to_date"])
  }

  @Test("the umask, but the files' permissions do")
  func permissions() throws {
    let space = try space()
    try space.build(through: ["sh", "-c", "umask 022; exec \"$0\" \"$@\""])
    for file in try space.outputs().keys { #expect(space.state("")[file]?.mode == 0o100644, "\(file)") }
  }
}
