import JSONTape
import Receipts
import SystemPackage

/// Remembers which files a report was made from and what they were, so that a build that changed none of them need not
/// read receipts to find the report as it should be.
public struct ReportMemo: Sendable {
  private let fileSystem: any FileSystem
  private let layout: WorkspaceLayout
  private let index: FileIndex
  private let cache: any ActionCache
  private let tool: @Sendable () throws -> Digest

  /// - Parameter tool: another program may write another report.
  public init(
    fileSystem: any FileSystem, layout: WorkspaceLayout, index: FileIndex, cache: any ActionCache,
    tool: @escaping @Sendable () throws -> Digest
  ) {
    self.fileSystem = fileSystem
    self.layout = layout
    self.index = index
    self.cache = cache
    self.tool = tool
  }

  /// Of its record in the action cache.
  public static func key(tool: Digest) -> Digest {
    KeyManifest(function: "report/1", inputs: [], parameters: .null, tool: tool).key
  }

  /// Are all files as they were when the report was made? One that the index doesn't know is not.
  func holds() throws -> Bool {
    guard let rows = try cache.record(for: Self.key(tool: tool()))?.array else { return false }
    for row in rows {
      guard let cells = row.array, cells.count == 2, let path = cells[0].string.flatMap(RelativePath.init) else {
        return false
      }
      let status = try fileSystem.status(of: layout.path(path), followingLinks: true)
      let known = status.flatMap { index.known(path.string, $0) }
      if let digest = cells[1].string {
        guard known?.hex == digest else { return false }
      } else if status != nil {
        return false
      }
    }
    return true
  }

  /// - Parameter paths: every file that the report was made from, there or not, and its own.
  func save(_ paths: [RelativePath]) throws {
    let paths = Set(paths).sorted()
    let files = try index.digests(of: paths, below: layout.root, jobs: 1)
    try cache.save(
      .array(zip(paths, files).map { [.string($0.string), $1.map { .string($0.digest.hex) } ?? .null] }),
      for: Self.key(tool: tool()))
  }
}
