import JSONTape
import Receipts
import ReceiptsTesting
import StagesTesting
import Synchronization
import SystemPackage

@testable import Stages

/// A workspace in memory that is built with the program's own graph, over and over.
final class IncrementalSpace {
  private(set) var fileSystem: MemoryFileSystem
  let layout = WorkspaceLayout(root: "/space")
  /// The program that builds.
  var tool = "tool"
  let chunkSize: Int
  /// See `BuildOptions`; a small one makes a build of few files sync them all at once.
  var singleSyncs = BuildOptions().singleSyncs
  var publishing = PublishingTime.atOnce
  let functions = FunctionTally()

  init(_ fileSystem: MemoryFileSystem = MemoryFileSystem(), chunkSize: Int) {
    self.fileSystem = fileSystem
    self.chunkSize = chunkSize
  }

  convenience init(_ workspace: RandomLogs, chunkSize: Int) {
    self.init(chunkSize: chunkSize)
    put(workspace)
  }

  /// Another space that is the same, inodes and times included.
  func copy() -> IncrementalSpace {
    let copy = IncrementalSpace(fileSystem.copy(), chunkSize: chunkSize)
    copy.tool = tool
    copy.singleSyncs = singleSyncs
    copy.publishing = publishing
    return copy
  }

  func become(_ other: IncrementalSpace) { fileSystem = other.fileSystem.copy() }

  // MARK: Files

  func path(_ text: String) -> FilePath { layout.path(text) }

  func bytes(_ path: String) -> [UInt8]? { fileSystem.bytes(of: self.path(path)) }

  func write(_ path: String, _ bytes: [UInt8]) { fileSystem.write(bytes, to: self.path(path)) }

  func remove(_ path: String) { _ = try? fileSystem.remove(self.path(path)) }

  /// Below these folders, as workspace paths.
  func files(_ folders: String...) -> [String] {
    folders.flatMap { fileSystem.files(below: path($0)).map { layout.relative($0.string) } }
  }

  func contents(_ folders: String...) -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for folder in folders { for path in files(folder) { contents[path] = bytes(path) } }
    return contents
  }

  private static let logFolders = RandomSource.allCases.map(\.rawValue)

  /// Makes the logs and the configuration those of `workspace`; what is so already is not touched.
  ///
  /// - Parameter hiding: the modification times of files that change stay what they were.
  func put(_ workspace: RandomLogs, hiding: Bool = false) {
    let wanted = workspace.files.merging(["distill.yaml": Array(workspace.configuration.utf8)]) { $1 }
    for path in Self.logFolders.flatMap({ files($0) }) where wanted[path] == nil { remove(path) }
    for (path, bytes) in wanted.sorted(by: { $0.key < $1.key }) where self.bytes(path) != bytes {
      let place = self.path(path)
      if hiding, let status = (try? fileSystem.status(of: place, followingLinks: true)) ?? nil {
        fileSystem.overwrite(place, with: bytes)
        fileSystem.setModified(place, to: status.modified)
      } else {
        write(path, bytes)
      }
    }
  }

  // MARK: Builds

  private func index() -> FileIndex {
    FileIndex(fileSystem: fileSystem, clock: fileSystem.clock, location: layout.index, paranoid: false)
  }

  private func runner(_ options: BuildOptions, _ index: FileIndex) throws -> Runner {
    // Time passes between two builds.
    fileSystem.clock.advance(seconds: 1)
    let configuration = try Configuration.read(
      String(decoding: bytes("distill.yaml") ?? [], as: UTF8.self), fileName: "distill.yaml")
    let logs = try SourceLogs.find(configuration, in: layout.root, of: fileSystem)
    var options = options
    options.chunkSize = chunkSize
    options.singleSyncs = singleSyncs
    options.publishing = publishing
    return Runner(
      environment: BuildEnvironment(
        fileSystem: fileSystem, clock: fileSystem.clock,
        tool: Pending(ToolIdentity(name: "test", version: "1", digest: Digest.of(tool))),
        host: Receipt.Host(system: "test", architecture: "test", processors: 1), git: { nil },
        functions: functions.counting(Pipeline.functions),
        progress: SilentProgress()),
      layout: layout, graph: try Pipeline.graph(configuration, logs, workspace: layout.root, of: fileSystem),
      options: options, index: index)
  }

  @discardableResult
  func build(
    _ stages: [StageName] = Pipeline.stages, jobs: Int = 1, force: Bool = false
  ) throws -> [StageReport] {
    var options = BuildOptions()
    options.jobs = jobs
    options.force = force
    let index = index()
    let reporting = ReportEpilogue(
      report,
      ReportMemo(
        fileSystem: fileSystem, layout: layout, index: index,
        cache: DirectoryActionCache(fileSystem: fileSystem, root: layout.cache), tool: { [tool] in Digest.of(tool) }))
    let reports = try runner(options, index).build(stages, epilogue: reporting)
    if let failure = reporting.failure { throw failure }
    return reports
  }

  func forecast() throws -> [StageForecast] { try runner(BuildOptions(), index()).forecast(Pipeline.stages) }

  /// Everything that must not depend on what was built before, and how the build ended.
  func result(jobs: Int = 1, force: Bool = false) -> BuildResult {
    var result = BuildResult()
    do {
      for report in try build(jobs: jobs, force: force) { result.endings[report.stage] = report.endingText }
      if result.isGood {
        result.files = contents("data", "exports")
        for stage in Pipeline.stages {
          for name in ["inputs.sha256", "outputs.sha256"] {
            result.files["\(stage) \(name)"] = bytes("receipts/\(stage)/\(name)")
          }
          result.files["\(stage) core"] = try receipt(stage)?.coreBytes
        }
        let facts = try report.facts()
        result.files["report"] = Self.timeless(facts).encoded()
        if bytes(Report.factsPath.string) != Array((facts.pretty() + "\n").utf8) {
          result.error = "the report is not what the receipts say"
        }
      }
    } catch {
      result.error = "\(error)"
    }
    return result
  }

  func receipt(_ stage: StageName) throws -> ReceiptCodec.Encoded? {
    try fileSystem.contents(of: layout.receipt(stage)).map { try ReceiptCodec.decode($0, place: "receipt.json") }
  }

  private var report: Report {
    Report(shelf: ReceiptShelf(fileSystem: fileSystem, layout: layout), fileSystem: fileSystem, layout: layout)
  }

  /// The facts of a report without times, digests of receipts, and what changed since the build before.
  private static func timeless(_ facts: JSON) -> JSON {
    guard var facts = facts.object else { return .null }
    for key in ["since", "changes"] { facts[key] = nil }
    let timeless = [
      "stage", "state", "inputs", "outputs", "record_counts", "validation", "behind", "faults", "failure",
    ]
    facts["stages"] = .array(
      (facts["stages"]?.array ?? []).map { stage in
        .object(JSONObject(timeless.map { ($0, stage[$0] ?? .null) }))
      })
    return .object(facts)
  }

  // MARK: What holds at every instant

  /// Outputs that a `receipt.json` describes and that are not there as it says.
  func untrueReceipts() -> [String] {
    var untrue: [String] = []
    for stage in Pipeline.stages {
      do {
        for output in try receipt(stage)?.receipt.core.outputs ?? []
        where bytes(output.path.string).map({ Digest.of($0) }) != output.digest {
          untrue.append("\(stage): \(output.path)")
        }
      } catch {
        untrue.append("\(stage): \(error)")
      }
    }
    return untrue
  }

  /// Files that a build has while it runs only.
  var leftovers: [String] {
    files(".distill/tmp", ".distill/staging")
      + files("receipts").filter { path in
        ["publishing.json", "superseded.json", "failed.json"].contains { path.hasSuffix($0) }
      }
  }
}

/// Counts the actions that run, by function.
final class FunctionTally: Sendable {
  private let counts = Mutex<[String: Int]>([:])

  func counting(_ functions: FunctionTable) -> FunctionTable {
    functions.mapping { function in
      ActionFunction(name: function.name) { context in
        self.counts.withLock { $0[function.name, default: 0] += 1 }
        return try function.run(context)
      }
    }
  }

  /// Since this was asked last.
  func take() -> [String: Int] {
    counts.withLock { counts in
      defer { counts = [:] }
      return counts
    }
  }
}

/// How a build ended, and what it left.
struct BuildResult: Equatable {
  /// It did not get as far as the stages.
  var error: String?
  var endings: [StageName: String] = [:]
  /// Empty when a stage did not end well.
  var files: [String: [UInt8]] = [:]

  var isGood: Bool { error == nil && endings.values.allSatisfy { $0 == "good" } }

  /// What is not as in `other`, in a few words.
  func differences(from other: BuildResult) -> String {
    if error != other.error { return "\(error ?? "no error"), not \(other.error ?? "no error")" }
    let stages = Pipeline.stages.filter { endings[$0] != other.endings[$0] }
    if !stages.isEmpty {
      return stages.map { "\($0) \(endings[$0] ?? "-"), not \(other.endings[$0] ?? "-")" }.joined(separator: "; ")
    }
    return Set(files.keys).union(other.files.keys).filter { files[$0] != other.files[$0] }.sorted()
      .map { "\($0): \(Self.place(files[$0], other.files[$0]))" }.joined(separator: "\n")
  }

  private static func place(_ bytes: [UInt8]?, _ other: [UInt8]?) -> String {
    guard let bytes else { return "is not there" }
    guard let other else { return "should not be there" }
    let at = zip(bytes, other).enumerated().first { $1.0 != $1.1 }?.offset ?? min(bytes.count, other.count)
    func part(_ bytes: [UInt8]) -> String {
      String(decoding: bytes.dropFirst(max(0, at - 80)).prefix(160), as: UTF8.self)
    }
    return "byte \(at), …\(part(bytes))… and not …\(part(other))…"
  }
}

extension StageReport {
  /// Built or not is all the same; why it did not end well is not.
  var endingText: String {
    switch ending {
    case .upToDate, .built: "good"
    case .failed(let receipt):
      "failed: " + receipt.receipt.core.validation.filter { !$0.pass }.map(\.name).joined(separator: ", ")
    case .stopped(let error): "stopped: \(error)"
    case .notRun(let cause): "not run because of \(cause)"
    }
  }
}
