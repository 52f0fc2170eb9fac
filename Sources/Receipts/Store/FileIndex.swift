import Synchronization
import SystemPackage

/// Remembers the digests of files that have not changed since they were hashed.
///
/// A file counts as unchanged while size, modification time, change time and inode are what they were. The change time
/// can't be set back from outside, so that an edit of the same length with its modification time restored is seen.
/// It advances in steps of some milliseconds, though: what is hashed within a step after a change could change again
/// unseen. So files are hashed only once their last change is older than the settling time. A change at a whole second
/// is taken for one of a file system that counts seconds.
///
/// A cache: a damaged or missing index is an empty one. Keys are workspace paths, or absolute paths for what lies
/// outside. All methods may be called from any thread.
public final class FileIndex: Sendable {
  let fileSystem: any FileSystem
  let clock: any WallClock
  private let location: FilePath
  private let paranoid: Bool
  /// nil until something is asked for.
  private let loaded = Mutex<State?>(nil)
  private let settlingNanoseconds = Atomic<Int64>(20_000_000)

  /// - Parameters:
  ///   - location: the file, `.distill/index`; a folder `tmp` beside it takes temporary files.
  ///   - paranoid: nothing is known until this process has hashed it.
  public init(fileSystem: any FileSystem, clock: any WallClock, location: FilePath, paranoid: Bool) {
    self.fileSystem = fileSystem
    self.clock = clock
    self.location = location
    self.paranoid = paranoid
  }

  /// Nanoseconds that must have passed since a file's last change, before it may be remembered as it is: 20 ms, longer
  /// than a step of any kernel's file clock (1 to 10 ms), or none once changes are known to have times of their own.
  var settlingTime: Int64 { settlingNanoseconds.load(ordering: .relaxed) }

  /// May a file be remembered that was found to have changed last then?
  ///
  /// - Parameters:
  ///   - changed: nanoseconds since 1970, as `now`.
  ///   - now: before the file was looked at.
  func isSettled(_ changed: Int64, at now: Int64) -> Bool {
    changed <= now - settlingTime - (Self.mayCountSeconds(changed) ? 2_000_000_000 : 0)
  }

  /// Was a file that changed last then on a file system that counts seconds, or pairs of them?
  static func mayCountSeconds(_ changed: Int64) -> Bool { changed % 1_000_000_000 == 0 }

  /// Where the file system that holds `directory` tells changes apart, nothing is waited for any more. The caller asks
  /// for no file of another file system after this. Where it can't be tried, there is waiting.
  func tryChangeTimes(in directory: FilePath) {
    let isFine = (try? fileSystem.tellsChangesApart(in: directory)) ?? false
    if isFine { settlingNanoseconds.store(0, ordering: .relaxed) }
  }

  /// The file is read by whoever asks first.
  private func withState<R>(_ body: (inout State) throws -> R) rethrows -> R {
    try loaded.withLock { loaded in
      var state: State
      if let known = loaded {
        state = known
        loaded = nil
      } else {
        let bytes = (try? fileSystem.contents(of: location)) ?? nil
        state = State(table: bytes.flatMap { FileIndexTable($0) } ?? FileIndexTable())
      }
      defer { loaded = state }
      return try body(&state)
    }
  }

  /// The digest of the file's bytes; nil: not known, or `status` is not what it was then.
  public func known(_ key: String, _ status: FileStatus) -> Digest? {
    withState { $0.known(ExactString(key), status, paranoid: paranoid) }
  }

  /// The same for many files; nil also for one that is not there. Quicker where they are in the order of their keys.
  ///
  /// - Parameter key: of the file with the status of this number.
  func known(_ statuses: [FileStatus?], key: (Int) -> String) -> [Digest?] {
    withState { state in
      statuses.enumerated().map { number, status in
        status.flatMap { state.known(ExactString(key(number)), $0, paranoid: paranoid) }
      }
    }
  }

  /// - Parameters:
  ///   - status: from before the bytes were read, and the same after.
  ///   - digest: of the file's bytes, which the caller vouches for.
  public func remember(_ key: String, _ status: FileStatus, _ digest: Digest) {
    withState { $0.remember(ExactString(key), FileIndexEntry(status, digest)) }
  }

  public func forget(_ key: String) {
    withState { $0.forget(ExactString(key)) }
  }

  /// Forgets files that are not there any more.
  ///
  /// - Parameter root: what keys that are relative start from.
  public func forgetMissing(below root: FilePath) throws {
    for key in withState({ $0.keys }) {
      let path = key.utf8.first == UInt8(ascii: "/") ? FilePath(key) : root.appending(key)
      if try fileSystem.status(of: path, followingLinks: true) == nil { forget(key) }
    }
  }

  /// Replaces the file, unless it would stay the same.
  public func saveIfChanged() throws {
    try withState { state in
      guard state.isChanged else { return }
      let entries = state.entries()
      let bytes = FileIndexTable.encode(entries.map { ($0.key, $0.entry) })
      // Not synced: after a power cut the checksum tells a damaged file, and hashing mends it.
      let file = try StagedFile(fileSystem, in: location.removingLastComponent().appending("tmp"))
      try bytes.withUnsafeBytes { try file.write($0) }
      try file.commit(to: location, synchronizing: false)
      // What was saved is in order: a later save need not sort it again.
      if let table = FileIndexTable(bytes) { state = State(table: table, marks: entries.map(\.mark)) }
    }
  }
}

extension FileIndex {
  private struct State {
    /// What this process has to do with an entry of the table.
    enum Mark: UInt8 {
      case unseen
      case asked
      /// Hashed by this process, and found as it was.
      case confirmed
      /// Replaced by one of `fresh`, or forgotten.
      case dropped
    }

    let table: FileIndexTable
    var marks: [Mark]
    var fresh: [ExactString: FileIndexEntry] = [:]
    var isChanged = false
    /// Behind the entry that was found last.
    var hint = 0

    /// - Parameter marks: of each entry of the table; nil: this process has not seen any.
    init(table: FileIndexTable, marks: [Mark]? = nil) {
      self.table = table
      self.marks = marks ?? Array(repeating: .unseen, count: table.count)
    }

    mutating func known(_ key: ExactString, _ status: FileStatus, paranoid: Bool) -> Digest? {
      if let entry = fresh[key] { return entry.holds(for: status) ? entry.digest : nil }
      guard let index = find(key) else { return nil }
      if marks[index] == .unseen { marks[index] = .asked }
      guard !paranoid || marks[index] == .confirmed else { return nil }
      let entry = table.entry(at: index)
      return entry.holds(for: status) ? entry.digest : nil
    }

    mutating func remember(_ key: ExactString, _ entry: FileIndexEntry) {
      if let index = find(key) {
        if table.entry(at: index) == entry {
          marks[index] = .confirmed
          return
        }
        marks[index] = .dropped
      }
      if fresh.updateValue(entry, forKey: key) != entry { isChanged = true }
    }

    mutating func forget(_ key: ExactString) {
      if let index = find(key) {
        marks[index] = .dropped
        isChanged = true
      }
      if fresh.removeValue(forKey: key) != nil { isChanged = true }
    }

    var keys: [String] {
      marks.indices.filter { marks[$0] != .dropped }.map { table.key(at: $0).string } + fresh.keys.map(\.string)
    }

    /// What is to be saved, ordered by key.
    func entries() -> [(key: ExactString, entry: FileIndexEntry, mark: Mark)] {
      var entries: [(key: ExactString, entry: FileIndexEntry, mark: Mark)] = []
      entries.reserveCapacity(fresh.count + marks.count)
      var added = fresh.keys.sorted()[...]
      func add(before key: ExactString?) {
        while let first = added.first, key.map({ first < $0 }) ?? true {
          if let entry = fresh[first] { entries.append((first, entry, .confirmed)) }
          added.removeFirst()
        }
      }
      for index in marks.indices where marks[index] != .dropped {
        let key = table.key(at: index)
        add(before: key)
        entries.append((key, table.entry(at: index), marks[index]))
      }
      add(before: nil)
      return entries
    }

    /// The place in the table of an entry that still counts.
    private mutating func find(_ key: ExactString) -> Int? {
      guard let index = table.index(of: key, hint: hint) else { return nil }
      hint = index + 1
      return marks[index] == .dropped ? nil : index
    }
  }
}
