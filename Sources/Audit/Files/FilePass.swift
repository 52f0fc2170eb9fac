import Receipts
import Synchronization

/// Hashes files, two at a time on each thread, and has each segment read when it is hashed: by the thread that has it
/// in its cache, or where others have nothing to do, by one of these.
final class FilePass<Result: Sendable>: @unchecked Sendable {
  // Everything that changes is behind the monitor, or with one thread.

  /// What the threads found of each file.
  struct Found: Sendable {
    /// nil: no regular file is there.
    var scan: FileScan?
    /// In the order of lines.
    var rows: [Result] = []
  }

  /// A segment that can be read.
  private struct Work {
    var file: Int
    var lines: SegmentLines
  }

  /// What one thread found.
  private struct Share: Sendable {
    var scans: [(file: Int, scan: FileScan)] = []
    var rows: [(file: Int, offset: Int, result: Result)] = []
  }

  /// Segments that may wait for each thread that does not hash: no more than stay in the processor's cache.
  private static var readAhead: Int { 3 }

  private let fileCount: Int
  private let open: @Sendable (_ file: Int) throws -> (view: FileView, limit: Int)?
  private let read: @Sendable (_ file: Int, SegmentLines) throws -> Result?
  private let jobs: Int
  private let hashers: Int
  private let next = Atomic<Int>(0)

  private let monitor = Monitor()
  private var ready: [Work] = []
  /// Threads that wait for one.
  private var idle = 0
  /// Threads that hash.
  private var hashing = 0
  private var hasFailed = false

  /// - Parameters:
  ///   - files: how many; the largest should come first, so that no thread is left alone with one at the end.
  ///   - open: nil: no regular file is there.
  ///   - read: what a segment of a file says; nil: nothing is asked of the file but its digest.
  private init(
    files: Int, jobs: Int, open: @escaping @Sendable (_ file: Int) throws -> (view: FileView, limit: Int)?,
    read: @escaping @Sendable (_ file: Int, SegmentLines) throws -> Result?
  ) {
    fileCount = files
    self.jobs = jobs
    self.open = open
    self.read = read
    // One that hashes two files is as fast as two that hash one each.
    hashers = max(1, min(jobs, files / 2))
  }

  /// - Returns: what was found, file by file.
  static func run(
    files: Int, jobs: Int, open: @escaping @Sendable (_ file: Int) throws -> (view: FileView, limit: Int)?,
    read: @escaping @Sendable (_ file: Int, SegmentLines) throws -> Result?
  ) throws -> [Found] {
    let pass = FilePass(files: files, jobs: jobs, open: open, read: read)
    var found = Array(repeating: Found(), count: files)
    let shares = try parallelMap(Array(0..<max(1, jobs)), jobs: jobs) { _, thread in try pass.work(thread) }
    for (file, scan) in shares.flatMap(\.scans) { found[file].scan = scan }
    for row in shares.flatMap(\.rows).sorted(by: { ($0.file, $0.offset) < ($1.file, $1.offset) }) {
      found[row.file].rows.append(row.result)
    }
    return found
  }

  private func work(_ thread: Int) throws -> Share {
    var share = Share()
    do {
      if thread < hashers {
        locked { hashing += 1 }
        defer { locked { hashing -= 1 } }
        try hash(&share)
      }
      while let work = take() { try read(work, &share) }
    } catch {
      locked { hasFailed = true }
      throw error
    }
    return share
  }

  private func hash(_ share: inout Share) throws {
    var lanes = [(file: 0, scanner: FileScanner()), (file: 0, scanner: FileScanner())]
    var used = 0
    while true {
      while used < lanes.count, let file = try begin(lanes[used].scanner) {
        lanes[used].file = file
        used += 1
      }
      if used == 0 { return }
      if used == 2 { FileScanner.step(lanes[0].scanner, lanes[1].scanner) } else { lanes[0].scanner.step() }
      for lane in lanes[0..<used] {
        for lines in lane.scanner.takeSegments() { try handOut(Work(file: lane.file, lines: lines), &share) }
      }
      for place in (0..<used).reversed() where lanes[place].scanner.isAtEnd {
        share.scans.append((lanes[place].file, lanes[place].scanner.finish()))
        used -= 1
        lanes.swapAt(place, used)
      }
    }
  }

  /// - Returns: the file that the scanner now has; nil: there is no other.
  private func begin(_ scanner: FileScanner) throws -> Int? {
    while !isOver {
      let file = next.add(1, ordering: .relaxed).oldValue
      guard file < fileCount else { return nil }
      guard let (view, limit) = try open(file) else { continue }
      scanner.begin(view, limit: limit)
      return file
    }
    return nil
  }

  private var isOver: Bool { locked { hasFailed } }

  private func handOut(_ work: Work, _ share: inout Share) throws {
    let isTaken = locked {
      // Whoever only reads has a few to go on with.
      guard ready.count < max(idle, (jobs - hashing) * Self.readAhead) else { return false }
      ready.append(work)
      monitor.tellAll()
      return true
    }
    if !isTaken { try read(work, &share) }
  }

  private func read(_ work: Work, _ share: inout Share) throws {
    if let result = try read(work.file, work.lines) {
      share.rows.append((work.file, work.lines.segment.offset, result))
    }
  }

  /// nil: there will be none.
  private func take() -> Work? {
    locked {
      idle += 1
      defer { idle -= 1 }
      // The first thread to begin hashes, and whoever comes when no file is left need not wait for others to begin.
      while ready.isEmpty, !hasFailed, hashing > 0 || next.load(ordering: .relaxed) < fileCount {
        monitor.wait()
      }
      return hasFailed || ready.isEmpty ? nil : ready.removeFirst()
    }
  }

  private func locked<Value>(_ body: () throws -> Value) rethrows -> Value {
    try monitor.withLock {
      // Whoever waits looks whether there still is something to wait for.
      defer { if hashing == 0 || hasFailed { monitor.tellAll() } }
      return try body()
    }
  }
}
