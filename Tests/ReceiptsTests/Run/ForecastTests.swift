import JSONTape
import ReceiptsTesting
import Testing

@testable import Receipts

@Suite("Forecasts")
struct ForecastTests {
  private let space = EngineSpace(["notes/a.txt": "apple\n", "others/x.txt": "x\n"])

  private func forecast(_ stages: [TextStage]? = nil) throws -> [String] {
    space.fileSystem.clock.advance(seconds: 1)
    let before = space.fileSystem.files.map { space.fileSystem.bytes(of: $0) }
    space.fileSystem.forgetCalls()
    let forecasts = try space.runner(stages ?? space.stages()).forecast(EngineSpace.everything)
    #expect(space.fileSystem.pathsChanged == [])
    #expect(space.fileSystem.files.map { space.fileSystem.bytes(of: $0) } == before)
    return forecasts.map { forecast in
      switch forecast.state {
      case .upToDate: "\(forecast.stage): up to date"
      case .willRun(let reasons): "\(forecast.stage): will run: \(reasons.map(\.description).joined(separator: ", "))"
      case .mayRun(let reasons): "\(forecast.stage): may run: \(reasons.map(\.description).joined(separator: ", "))"
      }
    }
  }

  @Test("a forecast says will run, may run or up to date, and writes nothing")
  func states() throws {
    #expect(
      try forecast() == [
        "notes: will run: never built", "titles: will run: never built, may change with notes",
        "other: will run: never built",
      ])
    try space.build()
    #expect(try forecast() == ["notes: up to date", "titles: up to date", "other: up to date"])
    space.write("avocado\n", to: "notes/a.txt")
    let now = try forecast()
    #expect(now[0].hasPrefix("notes: will run: input changed: notes/a.txt ("))
    #expect(Array(now[1...]) == ["titles: may run: may change with notes", "other: up to date"])
    #expect(
      try forecast(space.stages(titles: ["x": 1]))[1]
        == "titles: will run: parameter changed: /x: null → 1, may change with notes")
  }

  @Test("it sees damage and interruptions")
  func damage() throws {
    try space.build()
    try space.remove("exports/titles.txt")
    space.write("[]\n", to: "receipts/other/publishing.json")
    #expect(
      try forecast() == [
        "notes: up to date", "titles: will run: output missing: exports/titles.txt",
        "other: will run: a publication was interrupted",
      ])
  }

  @Test("an upstream stage that must only mend an output lets the next one be said to be up to date or not")
  func mended() throws {
    try space.build()
    try space.remove("data/capitals/a.txt")
    #expect(
      try forecast() == [
        "notes: will run: output missing: data/capitals/a.txt", "titles: may run: may change with notes",
        "other: up to date",
      ])
  }
}
