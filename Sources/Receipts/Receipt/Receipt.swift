import JSONTape

/// The record of one run of a stage. What it says of files is in `core`, which is the same on every machine; the rest
/// says when and where.
public struct Receipt: Sendable, Hashable {
  /// A file that a stage read or wrote.
  public struct File: Sendable, Hashable {
    public var path: RelativePath
    public var digest: Digest
    public var byteCount: Int
    public var recordCount: Int

    public init(path: RelativePath, digest: Digest, byteCount: Int, recordCount: Int) {
      self.path = path
      self.digest = digest
      self.byteCount = byteCount
      self.recordCount = recordCount
    }
  }

  /// One check that a stage makes of its own work before anything is published.
  public struct Check: Sendable, Hashable {
    public var name: String
    public var pass: Bool
    /// What was compared, in words.
    public var facts: [String]

    public init(_ name: String, pass: Bool, facts: [String]) {
      self.name = name
      self.pass = pass
      self.facts = facts
    }
  }

  public struct Core: Sendable, Hashable {
    public var tool: ToolIdentity
    /// The stage's slice of the configuration.
    public var parameters: JSON
    /// In the order of the manifest: files from outside of the graph, then outputs of the stages before, each by path.
    public var inputs: [File]
    public var outputs: [File]
    /// Every term of the stage's books, and the tables beside them.
    public var recordCounts: JSON
    /// Whatever else the report shows of the stage.
    public var summary: JSON
    public var validation: [Check]
    /// The key of the stage's manifest.
    public var key: Digest

    public var validationPass: Bool { validation.allSatisfy(\.pass) }

    public init(
      tool: ToolIdentity, parameters: JSON, inputs: [File], outputs: [File], recordCounts: JSON, summary: JSON,
      validation: [Check], key: Digest
    ) {
      self.tool = tool
      self.parameters = parameters
      self.inputs = inputs
      self.outputs = outputs
      self.recordCounts = recordCounts
      self.summary = summary
      self.validation = validation
      self.key = key
    }
  }

  public struct Host: Sendable, Hashable {
    public var system: String
    public var architecture: String
    public var processors: Int

    public init(system: String, architecture: String, processors: Int) {
      self.system = system
      self.architecture = architecture
      self.processors = processors
    }
  }

  public struct Run: Sendable, Hashable {
    public var startedAt: Timestamp
    public var finishedAt: Timestamp
    public var durationMilliseconds: Int64
    public var actions: ActionTally
    public var host: Host
    public var jobs: Int

    public init(
      startedAt: Timestamp, finishedAt: Timestamp, durationMilliseconds: Int64, actions: ActionTally, host: Host,
      jobs: Int
    ) {
      self.startedAt = startedAt
      self.finishedAt = finishedAt
      self.durationMilliseconds = durationMilliseconds
      self.actions = actions
      self.host = host
      self.jobs = jobs
    }
  }

  public var stage: StageName
  public var core: Core
  /// nil: the workspace is in no git repository, or it has no commit.
  public var git: GitState?
  public var run: Run
  /// `receipt_sha256` of the receipt before this one.
  public var previous: Digest?

  public init(stage: StageName, core: Core, git: GitState?, run: Run, previous: Digest?) {
    self.stage = stage
    self.core = core
    self.git = git
    self.run = run
    self.previous = previous
  }
}
