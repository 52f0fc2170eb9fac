import JSONTape

/// Where a pointer starts, and which probe it answers.
public struct PointerReference: Sendable, Hashable {
  public enum Base: Sendable, Hashable {
    case record
    /// The document that the record stands in.
    case root
  }
  public var base: Base
  public var pointer: Pointer
  /// Index into the part's `probes`; -1: none (the first-of list around it answers one).
  public var probe: Int

  public init(base: Base = .record, pointer: Pointer, probe: Int = -1) {
    self.base = base
    self.pointer = pointer
    self.probe = probe
  }
}

/// A piece of a text with `{…}` in it. `{{` and `}}` stand for braces.
public enum TemplatePiece: Sendable, Hashable {
  case literal(String)
  case pointer(PointerReference)
  /// One value: SHA-256 of a string's UTF-8, else of its canonical JSON. More: of the canonical JSON of their list.
  case sha256([PointerReference])
  /// A capture of the source's `files` pattern.
  case capture(String)
  /// The log file's workspace path, its name without extensions, the record's 0-based place.
  case path, stem, line
}

public enum MessageShape: String, Sendable { case openai, anthropic }

/// Where an evidence field comes from.
public indirect enum FieldExpression: Sendable, Hashable {
  case constant(JSON)
  case pointer(PointerReference)
  /// Absent when one of its pointers is absent or null.
  case template([TemplatePiece])
  /// The first that is present and not blank. `probe`: index into the part's `probes`.
  case firstOf([FieldExpression], probe: Int)
  /// The content of the last message of `role` (nil: any role) that is not blank: a string, or its text blocks joined
  /// by a line break. `final`: only if that message ends the list.
  case lastMessage(PointerReference, role: String?, final: Bool)
  case messages(PointerReference, shape: MessageShape)
  /// The first output of the program; none or null: absent.
  case jq(String)
  case lookup(LookupReference)
}

/// What a look-up has for a key; absent where it does not have the key.
public struct LookupReference: Sendable, Hashable {
  /// One of the source's `lookups`.
  public var lookup: String
  /// A pointer or a template; its text is the key.
  public var key: FieldExpression
  /// Into the look-up's record; no `*`.
  public var value: Pointer
  /// Index into the part's `probes`; -1: none.
  public var probe: Int

  public init(lookup: String, key: FieldExpression, value: Pointer, probe: Int = -1) {
    self.lookup = lookup
    self.key = key
    self.value = value
    self.probe = probe
  }
}

/// The fields of an evidence record that a mapping fills. The rest (`schema_version`, `kind`, `verdict` where rules say
/// it, `provenance`, `other_verdicts`) is not the mapping's.
public enum EvidenceField: String, Sendable, CaseIterable {
  case runID = "run_id"
  case taskID = "task_id"
  case timestamp
  case modelName = "model_name"
  case modelProvider = "model_provider"
  case modelRole = "model_role"
  case prompt
  case messages
  case text
  case sourceFiles = "source_files"
  case gitSHA = "git_sha"
  /// `accepted`, `partially_accepted`, `rejected` or `skipped` as the log says it; only where there are no verdict
  /// rules.
  case verdict
  case score
  case successMarkers = "success_markers"
  case failureMarkers = "failure_markers"
  case humanOverride = "human_override"
  case latencyMS = "latency_ms"
  case costUSD = "cost_usd"
}

/// The `map` of a part. `validationResults`, `about` and `judgedBy` are objects of expressions.
public struct FieldMap: Sendable, Hashable {
  public struct Entry: Sendable, Hashable {
    public var key: String
    public var expression: FieldExpression
    public init(key: String, expression: FieldExpression) {
      self.key = key
      self.expression = expression
    }
  }
  public enum ValidationResults: Sendable, Hashable {
    /// In the order of the keys' bytes.
    case fields([Entry])
    /// One pointer to an object that is copied whole.
    case whole(FieldExpression)
  }

  public var fields: [EvidenceField: FieldExpression] = [:]
  public var validationResults: ValidationResults?
  /// `source`, `kind`, `run_id`, `task_id`, `text_sha256`; empty: no `about`.
  public var about: [Entry] = []
  public var judgedBy: JudgedBy?
  /// True where `jq` stands without `map`: the program's objects carry the evidence fields under their own names, and
  /// an unknown name is a `schema_violation`.
  public var isIdentity = false

  public init() {}
}
