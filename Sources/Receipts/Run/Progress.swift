/// What a build tells while it runs. Called from any thread.
public protocol Progress: Sendable {
  func stageBegan(_ stage: StageName)
  /// It is not up to date.
  func stageRuns(_ stage: StageName)
  /// A piece of work is known: bytes that will be read.
  func planned(bytes: Int)
  func advanced(bytes: Int)
  func stageEnded(_ stage: StageName)
}

public struct SilentProgress: Progress {
  public init() {}
  public func stageBegan(_ stage: StageName) {}
  public func stageRuns(_ stage: StageName) {}
  public func planned(bytes: Int) {}
  public func advanced(bytes: Int) {}
  public func stageEnded(_ stage: StageName) {}
}
