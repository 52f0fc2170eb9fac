import JSONTape
import Receipts

/// What `distill.yaml` says, with presets expanded and defaults filled in.
public struct Configuration: Sendable {
  public var sources: [Source]
  public var exports: ExportOptions

  public init(sources: [Source], exports: ExportOptions) {
    self.sources = sources
    self.exports = exports
  }
}

/// The `exports` section.
public struct ExportOptions: Sendable, Hashable {
  public enum Dedupe: String, Sendable { case none, exact }
  public var includeReview = false
  public var includePartial = false
  public var dedupe = Dedupe.none
  /// Kinds of judge that SFT accepts; empty: any.
  public var requireJudge: [String] = []
  /// At least 1.
  public var maxPairsPerTask = 5
  /// nil: nothing is held out.
  public var holdout: Holdout?

  public init() {}
}

/// A named set of log files with its mapping to evidence.
public struct Source: Sendable, Hashable {
  public enum Format: String, Sendable { case jsonl, json }
  public enum Unit: String, Sendable { case line, element, file }

  /// Bytes of a name: with what stands behind it in names of files, it has to fit in one.
  public static let longestName = 100

  public var name: String
  public var files: [Glob]
  public var ignore: [Glob]
  /// nil: by extension (`.jsonl`, `.ndjson`: jsonl; else json), `.gz` and `.zst` aside.
  public var format: Format?
  /// nil: `line` for jsonl; for json `element` where `records` has a `*`, else `file`.
  public var unit: Unit?
  /// Where the records are in a document; "" is the document.
  public var records: Pointer
  public var maxRecordBytes: Int
  /// The git repository that `source_files` are looked up in, as a path from the workspace; nil: not looked up.
  public var repository: String?
  /// Other files that fields come from, in the order of the names' bytes.
  public var lookups: [Lookup]
  /// At least one. A source without `parts` has one part that takes every file.
  public var parts: [Part]
  /// Where the source stands in the configuration, for errors found later: `distill.yaml:4:5`.
  public var place: String?
  /// Where its `files` stand, likewise.
  public var filesPlace: String?

  public init(
    name: String, files: [Glob], ignore: [Glob] = [], format: Format? = nil, unit: Unit? = nil, records: Pointer,
    maxRecordBytes: Int = Source.defaultMaxRecordBytes, repository: String? = nil, lookups: [Lookup] = [],
    parts: [Part], place: String? = nil
  ) {
    self.name = name
    self.files = files
    self.ignore = ignore
    self.format = format
    self.unit = unit
    self.records = records
    self.maxRecordBytes = maxRecordBytes
    self.repository = repository
    self.lookups = lookups
    self.parts = parts
    self.place = place
  }

  public static let defaultMaxRecordBytes = 64 << 20

  /// How a file of the source is read.
  public func format(of path: RelativePath) -> Format { format ?? Format.byExtension(of: path.name) ?? .json }

  /// What one raw record of a file in `format` is.
  public func unit(in format: Format) -> Unit {
    unit ?? (format == .jsonl ? .line : records.hasEvery ? .element : .file)
  }
}

extension Source.Format {
  /// `.jsonl` and `.ndjson`: jsonl; `.json`: json; `.gz` and `.zst` aside. Takes the end of a pattern, too.
  ///
  /// - Returns: nil where the extension says nothing.
  public static func byExtension(of name: String) -> Source.Format? {
    var name = name[...]
    for suffix in ["*", ".gz", ".zst"] where name.hasSuffix(suffix) { name = name.dropLast(suffix.count) }
    if name.hasSuffix(".jsonl") || name.hasSuffix(".ndjson") { return .jsonl }
    return name.hasSuffix(".json") ? .json : nil
  }
}

/// What a source's files of one name pattern become.
public struct Part: Sendable, Hashable {
  /// On the file name (last component); nil: every file.
  public var only: Glob?
  public var kind: RecordKind
  /// Turns a record into zero or more objects, which `map` and `verdict` then read.
  public var jq: String?
  public var map: FieldMap
  public var verdict: [VerdictRule]
  public var thresholds: Thresholds
  /// Used where `map` has no `judged_by`.
  public var judgedBy: JudgedBy?
  /// Seconds east of UTC for times without a zone.
  public var timeZoneOffset: Int32
  /// What may not leave the log: no field comes from it, `jq` does not see it, quarantine does not show it. `*` is
  /// every element or member. In the order of the texts' bytes.
  public var never: [PointerReference]
  /// The texts and votes of `kind: comparison`; nil for the other kinds.
  public var comparison: Comparison?
  /// What must be found in at least one record of the part; `PointerReference.probe` is an index into it.
  public var probes: [Probe]

  public init(
    only: Glob? = nil, kind: RecordKind = .run, jq: String? = nil, map: FieldMap, verdict: [VerdictRule] = [],
    thresholds: Thresholds = Thresholds(), judgedBy: JudgedBy? = nil, timeZoneOffset: Int32 = 0,
    never: [PointerReference] = [], comparison: Comparison? = nil, probes: [Probe] = []
  ) {
    self.only = only
    self.kind = kind
    self.jq = jq
    self.map = map
    self.verdict = verdict
    self.thresholds = thresholds
    self.judgedBy = judgedBy
    self.timeZoneOffset = timeZoneOffset
    self.never = never
    self.comparison = comparison
    self.probes = probes
  }
}

public enum RecordKind: String, Sendable, CaseIterable { case run, verdict, extraction, comparison }

public struct JudgedBy: Sendable, Hashable {
  public static let kinds = ["test", "human", "model", "reward"]
  public var kind: String
  /// nil: absent. A constant, pointer or template.
  public var name: FieldExpression?

  public init(kind: String, name: FieldExpression? = nil) {
    self.kind = kind
    self.name = name
  }
}

/// A pointer of `map` or `when` that some record must have.
public struct Probe: Sendable, Hashable {
  /// What the user wrote: `/override`, or the list of a first-of.
  public var text: String
  /// The key that it stands under: `map.human_override`, `verdict[2].when`.
  public var key: String
  public var place: String?
  public var optional: Bool

  public init(text: String, key: String, place: String?, optional: Bool) {
    self.text = text
    self.key = key
    self.place = place
    self.optional = optional
  }
}

/// Thresholds of the rules `score` and `grounded_fraction`.
public struct Thresholds: Sendable, Hashable {
  public struct Cut: Sendable, Hashable {
    public var acceptAt: Double
    /// nil: nothing is partially accepted.
    public var partialAt: Double?
    public init(acceptAt: Double, partialAt: Double?) {
      self.acceptAt = acceptAt
      self.partialAt = partialAt
    }
  }
  public var score: Cut?
  public var groundedFraction: Cut?
  public init(score: Cut? = nil, groundedFraction: Cut? = nil) {
    self.score = score
    self.groundedFraction = groundedFraction
  }
}
