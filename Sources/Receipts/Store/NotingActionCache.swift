import JSONTape
import Synchronization

/// Another cache, and which of its records were used since it was last asked.
final class NotingActionCache: ActionCache {
  private let cache: any ActionCache
  private let used = Mutex<Set<Digest>>([])

  init(_ cache: any ActionCache) { self.cache = cache }

  func record(for key: Digest) throws -> JSON? {
    guard let record = try cache.record(for: key) else { return nil }
    used.withLock { _ = $0.insert(key) }
    return record
  }

  func save(_ record: JSON, for key: Digest) throws {
    try cache.save(record, for: key)
    used.withLock { _ = $0.insert(key) }
  }

  func remove(_ key: Digest) throws { try cache.remove(key) }

  /// In order; the next call starts anew.
  func takeUsed() -> [Digest] {
    used.withLock { used in
      defer { used = [] }
      return used.sorted()
    }
  }
}
