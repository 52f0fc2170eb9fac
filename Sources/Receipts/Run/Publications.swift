import SystemPackage

/// When the outputs of a stage are brought to the disk and to their places.
public enum PublishingTime: Sendable, CaseIterable {
  /// Before the next stage begins.
  case atOnce
  /// On a thread of its own while the next stage works. That reads the staged files, which are what is published.
  case beside
  /// Not before the next stage publishes, or the build ends: the most that a thread could be behind. For tests.
  case late
}

/// The publications of a build, one at a time, in the order of the stages.
final class Publications: @unchecked Sendable {
  private let time: PublishingTime
  // Only the thread of the build touches what follows.
  private var begun: Begun?
  /// Outputs of the stage that is being published, which may still be in the staging folder.
  private(set) var staged: [RelativePath: StagedOutput] = [:]
  /// Of all outputs that this build publishes or has published.
  private(set) var statuses: [RelativePath: PublishedStatus] = [:]
  /// Of publications that have ended.
  private(set) var failures: [StageName: any Error] = [:]

  private struct Begun {
    var stage: StageName
    var work: Work
    var thread: HelperThread?
  }

  init(_ time: PublishingTime) { self.time = time }

  /// Publishes, or has it done, once what was begun before has ended.
  ///
  /// - Parameter upstream: of the stage.
  /// - Throws: `PublicationFailed` of one of those; in `atOnce` what `body` throws.
  func begin(
    _ stage: StageName, upstream: [StageName], _ outputs: [StagedOutput], _ body: @escaping @Sendable () throws -> Void
  ) throws {
    try wait(for: upstream)
    for output in outputs { statuses[output.file.path] = output.status }
    if time == .atOnce { return try body() }
    let work = Work(body)
    staged = Dictionary(outputs.map { ($0.file.path, $0) }, uniquingKeysWith: { $1 })
    begun = Begun(stage: stage, work: work, thread: time == .beside ? HelperThread { work.run() } : nil)
  }

  /// Returns when nothing is being published any more.
  ///
  /// - Throws: `PublicationFailed` of one of the stages.
  func wait(for stages: [StageName]) throws {
    if let ending = begun {
      begun = nil
      staged = [:]
      if let thread = ending.thread { thread.join() } else { ending.work.run() }
      failures[ending.stage] = ending.work.error
    }
    if let failed = stages.first(where: { failures[$0] != nil }) { throw PublicationFailed(stage: failed) }
  }

  /// Only the thread that runs it touches it, until that is joined.
  private final class Work: @unchecked Sendable {
    /// Goes when it is done: it holds lists of all fragments, and the next stage has its own.
    private var body: (@Sendable () throws -> Void)?
    private(set) var error: (any Error)?

    init(_ body: @escaping @Sendable () throws -> Void) { self.body = body }

    func run() {
      do { try body?() } catch { self.error = error }
      body = nil
    }
  }
}

/// What a stage made could not be published, as turned out while one that reads it worked.
struct PublicationFailed: Error {
  var stage: StageName
}
