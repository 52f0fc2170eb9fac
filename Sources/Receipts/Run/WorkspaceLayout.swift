import SystemPackage

/// Where things are in a workspace.
public struct WorkspaceLayout: Sendable {
  public var root: FilePath

  public init(root: FilePath) { self.root = root }

  public func path(_ relative: RelativePath) -> FilePath { root.appending(relative.string) }
  public func path(_ text: String) -> FilePath { root.appending(text) }

  /// The workspace path of an absolute one below the root; others stay as they are.
  public func relative(_ path: String) -> String {
    path.hasPrefix(root.string + "/") ? String(path.utf8.dropFirst(root.string.utf8.count + 1)) ?? path : path
  }

  public static let configuration = "distill.yaml"
  public var configuration: FilePath { path(Self.configuration) }

  public func receipts(_ stage: StageName) -> FilePath { path("receipts/\(stage)") }
  public func receipt(_ stage: StageName) -> FilePath { receipts(stage).appending("receipt.json") }
  /// The receipt that was the newest when a publication began; it counts until the new one is there.
  public func superseded(_ stage: StageName) -> FilePath { receipts(stage).appending("superseded.json") }
  /// What a publication that has begun is about to change.
  public func publishing(_ stage: StageName) -> FilePath { receipts(stage).appending("publishing.json") }
  public func failed(_ stage: StageName) -> FilePath { receipts(stage).appending("failed.json") }
  public func inputDigests(_ stage: StageName) -> FilePath { receipts(stage).appending("inputs.sha256") }
  public func outputDigests(_ stage: StageName) -> FilePath { receipts(stage).appending("outputs.sha256") }
  public var history: FilePath { path("receipts/history") }

  /// Everything below is a cache: safe to delete when no build runs.
  public var cache: FilePath { path(".distill") }
  /// Files that are being written. What is there when a build begins was left by one that was killed.
  public var temporary: FilePath { cache.appending("tmp") }
  public var index: FilePath { cache.appending("index") }
  var staging: FilePath { cache.appending("staging") }
  /// Outputs of the stage being built, before they are published; see `StagingFolder`.
  public func staging(_ stage: StageName) -> FilePath { staging.appending(stage.text) }

  /// Folders that the program writes, as prefixes of workspace paths. What is there is never a log, and a change there
  /// does not make a repository dirty.
  public static let ownFolders = [
    "data/evidence/", "data/scored-runs/", "exports/", "receipts/", "reports/", ".distill/",
  ]
}
