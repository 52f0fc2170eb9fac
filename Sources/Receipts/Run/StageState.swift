import JSONTape

/// Why a stage is not up to date.
public enum StageReason: Sendable, Hashable, CustomStringConvertible {
  case neverBuilt
  case forced
  case interrupted
  case inputAdded(RelativePath)
  case inputRemoved(RelativePath)
  case inputChanged(RelativePath, old: Digest, new: Digest)
  case parametersChanged(path: String, old: String, new: String)
  case toolChanged(old: Digest, new: Digest)
  /// The composition of the stage itself.
  case functionChanged(to: String)
  case outputMissing(RelativePath)
  case outputChanged(RelativePath)
  case checksumsMissing
  /// An upstream stage will run; its outputs may come out equal.
  case upstream(StageName)
  case receiptUnreadable(String)

  public var description: String {
    switch self {
    case .neverBuilt: "never built"
    case .forced: "--force"
    case .interrupted: "a publication was interrupted"
    case .inputAdded(let path): "input added: \(path)"
    case .inputRemoved(let path): "input gone: \(path)"
    case .inputChanged(let path, let old, let new):
      "input changed: \(path) (\(old.hex.prefix(12)) → \(new.hex.prefix(12)))"
    case .parametersChanged(let path, let old, let new): "parameter changed: \(path): \(old) → \(new)"
    case .toolChanged(let old, let new): "program changed (\(old.hex.prefix(12)) → \(new.hex.prefix(12)))"
    case .functionChanged(let name): "the stage's way of working changed: now \(name)"
    case .outputMissing(let path): "output missing: \(path)"
    case .outputChanged(let path): "output is not as the receipt says: \(path)"
    case .checksumsMissing: "a .sha256 file beside the receipt is missing"
    case .upstream(let name): "may change with \(name)"
    case .receiptUnreadable(let text): "its receipt can't be read: \(text)"
    }
  }
}

/// What is known of a stage before it is run. One function (`StageInspector.inspect`) makes it.
public enum StageState: Sendable {
  /// Its key is that of its newest receipt, and its outputs are on disk as the receipt says.
  case upToDate(ReceiptHead)
  /// It runs for sure.
  case willRun([StageReason])
  /// Its own part of the key is unchanged, but a stage that it reads from runs; it is decided when that one has ended.
  case mayRun([StageReason])
}

/// What a stage would read, its key, and what the disk says: the base of a decision, and of the run after it.
struct StageInspection {
  var inputs: [StageInput]
  /// The derived input, to be on disk before the stage is run.
  var derived: (path: RelativePath, bytes: [UInt8])?
  var key: Digest
  /// What the key is of; nil: the inputs are not known yet.
  var manifest: KeyManifest?
  var found: ReceiptHeads.Found?
  /// Published outputs that are as the newest receipt says.
  var inPlace: [RelativePath: Digest]
  var state: StageState
}
