import JSONTape

/// A part of an output, made by one action. Outputs are fragments one behind the other.
public struct Fragment: Sendable, Hashable {
  public var digest: Digest
  public var byteCount: Int
  public var recordCount: Int
  /// The upstream fragment that it was made from, for stages downstream that read both; nil: not one alone.
  public var origin: Digest?

  public init(digest: Digest, byteCount: Int, recordCount: Int, origin: Digest? = nil) {
    self.digest = digest
    self.byteCount = byteCount
    self.recordCount = recordCount
    self.origin = origin
  }

  public init(_ output: ActionOutput, origin: Digest? = nil) {
    self.init(
      digest: output.digest, byteCount: output.byteCount, recordCount: output.recordCount, origin: origin)
  }
}

/// A file that a stage reads.
public struct StageInput: Sendable, Hashable {
  public var path: RelativePath
  public var digest: Digest
  public var byteCount: Int
  /// The stage that wrote it; nil: a file from outside the graph.
  public var producer: StageName?
  /// What it is made of. A file from outside is one fragment, with no record count.
  public var fragments: [Fragment]
  /// Of a file from outside, when it was hashed.
  var status: FileStatus?
}

/// An input whose bytes come from outside of all files (the answers of a git repository, say): it is made anew for
/// every build from an upstream output, and only its digest decides whether the stage runs.
public struct DerivedInput: Sendable {
  /// Where it is written for the record.
  public var path: RelativePath
  /// The upstream output that asks the questions. Where the upstream stage does not write it, there is no derived
  /// input.
  public var source: RelativePath
  public var derive: @Sendable (_ source: [UInt8]) throws -> [UInt8]

  public init(
    path: RelativePath, source: RelativePath, derive: @escaping @Sendable (_ source: [UInt8]) throws -> [UInt8]
  ) {
    self.path = path
    self.source = source
    self.derive = derive
  }
}

/// A file that a stage wants to publish.
public struct PlannedOutput: Sendable, Hashable {
  public var path: RelativePath
  public var fragments: [Fragment]

  public init(path: RelativePath, fragments: [Fragment]) {
    self.path = path
    self.fragments = fragments
  }
}

/// What a stage's work came to, before anything is published.
public struct StageOutcome: Sendable {
  public var outputs: [PlannedOutput]
  /// Records in each input from outside the graph; inputs that other stages wrote have theirs already.
  public var inputRecords: [RelativePath: Int] = [:]
  public var recordCounts: JSON
  public var summary: JSON
  public var checks: [Receipt.Check]
  /// Sentences for the person at the terminal.
  public var warnings: [String] = []

  public init(outputs: [PlannedOutput], recordCounts: JSON, summary: JSON, checks: [Receipt.Check]) {
    self.outputs = outputs
    self.recordCounts = recordCounts
    self.summary = summary
    self.checks = checks
  }
}

/// A node of the graph: it turns files into files by composing actions.
public protocol Stage: Sendable {
  var name: StageName { get }
  /// Stages whose outputs it reads.
  var upstream: [StageName] { get }
  /// Which of their outputs.
  func reads(_ path: RelativePath) -> Bool
  /// `<name>/<version>`; the version is raised when the composition changes what is written.
  var function: String { get }
  /// The stage's own slice of the configuration, with everything that can change its outputs.
  var parameters: JSON { get }
  /// Files from outside the graph that it reads, in the order of their paths' bytes.
  func sourceFiles() throws -> [RelativePath]
  /// Will the stage cut this one of them by lines, if it is larger than a chunk? Its pieces are hashed while it is
  /// then.
  func isCutByLines(_ path: RelativePath) -> Bool
  var derivedInput: DerivedInput? { get }
  /// May the stage write this path, and remove it when it no longer belongs? A receipt is a file that others can write:
  /// what it lists is touched only where this says so.
  func owns(_ path: RelativePath) -> Bool
  /// `run` can only come from `withReceipt`.
  func build(_ run: borrowing StageRun) throws -> StageOutcome
}

extension Stage {
  public func sourceFiles() throws -> [RelativePath] { [] }
  public func isCutByLines(_ path: RelativePath) -> Bool { false }
  public func reads(_ path: RelativePath) -> Bool { true }
  public var derivedInput: DerivedInput? { nil }
  public func owns(_ path: RelativePath) -> Bool {
    WorkspaceLayout.ownFolders.contains { path.string.hasPrefix($0) }
  }
}

/// The stages, each behind those it reads from.
public struct StageGraph: Sendable {
  public var stages: [any Stage]

  /// - Throws: when a stage reads from one that is not before it: so there is no circle.
  public init(_ stages: [any Stage]) throws(DistillError) {
    var seen: Set<StageName> = []
    for stage in stages {
      for name in stage.upstream where !seen.contains(name) {
        throw DistillError(.internalFault, "stage \(stage.name) reads from \(name), which is not before it")
      }
      guard seen.insert(stage.name).inserted else {
        throw DistillError(.internalFault, "there are two stages \(stage.name)")
      }
    }
    self.stages = stages
  }

  public func stage(_ name: StageName) -> (any Stage)? { stages.first { $0.name == name } }

  /// The named stages and all that they depend on, in the order of the graph.
  public func closure(of names: [StageName]) -> [any Stage] {
    var wanted = Set(names)
    for stage in stages.reversed() where wanted.contains(stage.name) { wanted.formUnion(stage.upstream) }
    return stages.filter { wanted.contains($0.name) }
  }
}
