import JSONTape

/// What actions gave: the digest of an action's key -> a small record of its outputs.
///
/// A cache, like `ObjectStore`, with the same promises to threads and processes: a record appears whole or not at all,
/// a damaged one counts as missing. Other than objects, a record may be replaced.
public protocol ActionCache: Sendable {
  /// nil: missing or damaged.
  func record(for key: Digest) throws -> JSON?
  func save(_ record: JSON, for key: Digest) throws
  /// Forgets the record; fine if it is missing.
  func remove(_ key: Digest) throws
}
