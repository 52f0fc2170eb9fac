import JSONTape
import ReceiptsTesting
import Synchronization
import SystemPackage
import Testing

@testable import Receipts

/// A workspace in memory with a small graph: `notes` puts each note in capitals, `titles` gathers their first lines,
/// and `other` stands beside them.
///
/// ```
/// notes/*.txt  → notes  → data/capitals/*.txt → titles → exports/titles.txt
/// others/*.txt → other  → exports/other.txt
/// ```
final class EngineSpace: Sendable {
  let fileSystem: MemoryFileSystem
  let layout = WorkspaceLayout(root: "/space")
  /// See `BuildOptions`; nil: as the options of a build say.
  private let singleSyncs: Int?
  private let publishing: PublishingTime
  /// What actions ran over, in order.
  private let worked = Mutex<[String]>([])

  static let everything: [StageName] = ["titles", "other"]

  init(
    _ files: [String: String] = [:], singleSyncs: Int? = nil, publishing: PublishingTime = .atOnce,
    on fileSystem: MemoryFileSystem = MemoryFileSystem()
  ) {
    self.fileSystem = fileSystem
    self.singleSyncs = singleSyncs
    self.publishing = publishing
    for (path, text) in files { write(text, to: path) }
  }

  // MARK: Files

  func path(_ text: String) -> FilePath { layout.path(text) }
  func write(_ text: String, to path: String) { fileSystem.write(text, to: self.path(path)) }
  func text(_ path: String) -> String? { fileSystem.text(of: self.path(path)) }
  func remove(_ path: String) throws { try fileSystem.remove(self.path(path)) }

  /// Everything below the workspace whose path begins so.
  func files(_ prefix: String) -> [String] {
    fileSystem.files.map { layout.relative($0.string) }.filter { $0.hasPrefix(prefix) }
  }

  /// The texts of the outputs and of what stands beside the receipts, by path; of the receipts their cores.
  func published() throws -> [String: String] {
    var published: [String: String] = [:]
    for path in files("data/") + files("exports/") { published[path] = text(path) }
    for path in files("receipts/") where path.hasSuffix(".sha256") { published[path] = text(path) }
    for stage in ["notes", "titles", "other"] {
      published["\(stage) core"] = try receipt(StageName(stage)).map { String(decoding: $0.coreBytes, as: UTF8.self) }
    }
    return published
  }

  func receipt(_ stage: StageName) throws -> ReceiptCodec.Encoded? {
    try fileSystem.contents(of: layout.receipt(stage)).map { try ReceiptCodec.decode($0, place: "receipt.json") }
  }

  // MARK: Builds

  /// What actions ran over since this was asked last.
  func work() -> [String] {
    worked.withLock { work in
      defer { work = [] }
      return work.sorted()
    }
  }

  func stages(titles parameters: JSON = [:], adjust: (inout TextStage) -> Void = { _ in }) -> [TextStage] {
    var stages = [
      TextStage(name: "notes", function: "notes/1", work: "test.capitals/1", output: { "data/capitals/\($0.name)" }),
      TextStage(
        name: "titles", upstream: ["notes"], function: "titles/1", parameters: parameters, work: "test.title/1",
        output: { _ in "exports/titles.txt" }),
      TextStage(name: "other", function: "other/1", work: "test.capitals/1", output: { _ in "exports/other.txt" }),
    ]
    stages[0].sources = sources("notes")
    stages[2].sources = sources("others")
    stages[2].spools = false
    for index in stages.indices { adjust(&stages[index]) }
    return stages
  }

  private func sources(_ folder: String) -> @Sendable () throws -> [RelativePath] {
    { [fileSystem, layout] in
      try fileSystem.entries(of: layout.path(folder)).map { RelativePath(unchecked: "\(folder)/\($0.name)") }
    }
  }

  func runner(
    _ stages: [any Stage], _ options: BuildOptions = BuildOptions(), tool: String = "tool",
    on other: (any FileSystem)? = nil
  ) throws -> Runner {
    let fileSystem = other ?? self.fileSystem
    var options = options
    options.singleSyncs = singleSyncs ?? options.singleSyncs
    options.publishing = publishing
    let index = FileIndex(fileSystem: fileSystem, clock: self.fileSystem.clock, location: layout.index, paranoid: false)
    return Runner(
      environment: BuildEnvironment(
        fileSystem: fileSystem, clock: self.fileSystem.clock,
        tool: Pending(ToolIdentity(name: "test", version: "1", digest: Digest.of(tool))),
        host: Receipt.Host(system: "test", architecture: "test", processors: 1), git: { nil }, functions: functions,
        progress: SilentProgress()),
      layout: layout, graph: try StageGraph(stages), options: options, index: index)
  }

  @discardableResult
  func build(
    _ names: [StageName] = EngineSpace.everything, stages: [any Stage]? = nil, options: BuildOptions = BuildOptions(),
    tool: String = "tool", on other: (any FileSystem)? = nil
  ) throws -> [StageReport] {
    // Time passes between two builds.
    fileSystem.clock.advance(seconds: 1)
    return try runner(stages ?? self.stages(), options, tool: tool, on: other).build(names)
  }

  /// An output `line/<number>` for each line, without its end.
  private var lines: ActionFunction {
    ActionFunction(name: "test.lines/1") { [self] context in
      let text = try context.input("text").string()
      worked.withLock { $0.append("test.lines/1 \(text.prefix { $0 != "\n" })") }
      for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        context.output("line/\(number)").buffer.append(String(line))
      }
      return [:]
    }
  }

  private var functions: FunctionTable {
    func function(_ name: String, _ transform: @escaping @Sendable (String) -> String) -> ActionFunction {
      ActionFunction(name: name) { [self] context in
        let text = try context.input("text").string()
        worked.withLock { $0.append("\(name) \(text.prefix { $0 != "\n" })") }
        let sink = context.output("text")
        sink.buffer.append(transform(text))
        sink.recordCount = text.utf8.count { $0 == UInt8(ascii: "\n") }
        return ["bad": .integer(text.lowercased().contains("bad") ? 1 : 0)]
      }
    }
    return FunctionTable([
      function("test.capitals/1") { $0.uppercased() },
      function("test.title/1") { "\($0.prefix { $0 != "\n" })\n" },
      lines,
    ])
  }
}

/// A stage that runs one action a fragment. A text with "bad" in it fails the stage's check.
struct TextStage: Stage {
  var name: StageName
  var upstream: [StageName] = []
  var function: String
  var parameters: JSON = [:]
  var work: String
  /// Inputs with the same output are joined in it, in their order.
  var output: @Sendable (RelativePath) -> String
  var sources: @Sendable () throws -> [RelativePath] = { [] }
  var beforeWork: @Sendable () throws -> Void = {}
  /// Fragments go into the outputs while the actions run; else they are objects first.
  var spools = true
  var fragmentsAreReadAlone = true

  func sourceFiles() throws -> [RelativePath] { try sources() }

  func owns(_ path: RelativePath) -> Bool {
    ["data/capitals/", "data/evidence/", "exports/"].contains { path.string.hasPrefix($0) }
  }

  func build(_ run: borrowing StageRun) throws -> StageOutcome {
    try beforeWork()
    let parts = run.inputs.flatMap { input in input.fragments.map { (path: input.path, fragment: $0) } }
    let paths = parts.map { RelativePath(unchecked: output($0.path)) }
    let places = FragmentPlaces(areReadAlone: fragmentsAreReadAlone) { number, _ in paths[number] }
    let results = try run.execute(
      parts.map { part in
        Action(
          function: work, parameters: parameters,
          inputs: [ActionInput(name: "text", digest: part.fragment.digest, byteCount: part.fragment.byteCount)])
      }, places: spools ? places : nil)
    var outputs: [String: [Fragment]] = [:]
    for (part, result) in zip(parts, results) {
      outputs[output(part.path), default: []] += result.outputs.map { Fragment($0) }
    }
    let bad = results.reduce(0) { $0 + ($1.counts["bad"]?.integer ?? 0) }
    return StageOutcome(
      outputs: outputs.map { PlannedOutput(path: RelativePath(unchecked: $0.key), fragments: $0.value) },
      recordCounts: ["texts": .integer(Int64(parts.count))], summary: [:],
      checks: [Receipt.Check("nothing-bad", pass: bad == 0, facts: ["\(bad) bad texts"])])
  }
}

// MARK: - What reports say

extension StageReport {
  /// `notes: built`, for comparing.
  var outline: String {
    switch ending {
    case .upToDate: "\(stage): up to date"
    case .built(_, let isUnchanged): "\(stage): \(isUnchanged ? "unchanged" : "built")"
    case .failed: "\(stage): failed"
    case .stopped: "\(stage): stopped"
    case .notRun(let cause): "\(stage): not run because of \(cause)"
    }
  }

  var stopError: (any Error)? { if case .stopped(let error) = ending { error } else { nil } }
}

extension [StageReport] {
  var outlines: [String] { map(\.outline) }
  var areGood: Bool { allSatisfy { $0.isGood } }
}
