import ArgumentParser
import JSONTape
import Receipts
import Stages

struct GarbageCollectionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Frees cached objects that no newest receipt needs. Never touches receipts, outputs or logs.",
    discussion: "Example: distill-make gc --keep-size 5GB")

  @OptionGroup var workspace: WorkspaceOptions

  @Option(help: ArgumentHelp("Spare the youngest of the rest while the cache is no larger.", valueName: "size"))
  var keepSize: String?

  @Option(help: ArgumentHelp("Spare what is younger.", valueName: "days"))
  var keepDays: Int?

  @Flag(name: [.customShort("n"), .long], help: "Say what would be freed, and free nothing.")
  var dryRun = false

  @Flag(help: "Print it as JSON.")
  var json = false

  func validate() throws {
    if let keepSize, Quantity.parse(bytes: keepSize) == nil {
      throw ValidationError("--keep-size takes a size such as 500MB or 5GB")
    }
    if let keepDays, !(0...36_500).contains(keepDays) {
      throw ValidationError("--keep-days takes a number of days from 0 to 36500")
    }
  }

  func run() throws {
    let layout = try workspace.layout()
    // A folder that is no workspace has nothing to free; most likely it is the wrong one.
    _ = try Workspace.configuration(layout, LocalFileSystem())
    let lock = dryRun ? nil : try Workspace.lock(layout, waiting: true)
    defer { withExtendedLifetime(lock) {} }
    let fileSystem = LocalFileSystem()
    let clock = SystemClock()
    let index = FileIndex(fileSystem: fileSystem, clock: clock, location: layout.index, paranoid: false)
    var bounds = GarbageCollector.Bounds()
    bounds.keepBytes = keepSize.flatMap { Quantity.parse(bytes: $0) } ?? 0
    bounds.keepYounger = Int64(keepDays ?? 0) * 86_400_000_000_000
    let tool = try ToolFiles.identity(index)
    let outcome = try GarbageCollector(fileSystem: fileSystem, layout: layout).collect(
      Pipeline.stages, sparing: [ReportMemo.key(tool: tool.digest)], bounds,
      now: clock.now(), isDryRun: dryRun)
    if !dryRun {
      try index.forgetMissing(below: layout.root)
      try index.saveIfChanged()
    }
    if json {
      func tree(_ total: GarbageCollector.Total) -> JSON {
        [
          "objects": .integer(Int64(total.objects)), "records": .integer(Int64(total.records)),
          "bytes": .integer(total.bytes),
        ]
      }
      return try Terminal.result(JSON.object(["freed": tree(outcome.freed), "kept": tree(outcome.kept)]).pretty())
    }
    func text(_ total: GarbageCollector.Total) -> String {
      "\(Quantity.bytes(Int(total.bytes))) in \(Quantity.count(Int64(total.objects + total.records))) files"
    }
    try Terminal.result(
      "\(dryRun ? "would free" : "freed") \(text(outcome.freed)); \(dryRun ? "would keep" : "kept") \(text(outcome.kept))"
    )
  }
}
