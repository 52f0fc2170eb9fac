import JSONTape
import SystemPackage

/// The receipts of a workspace as they lie on disk. Reads only.
public struct ReceiptShelf: Sendable {
  private let fileSystem: any FileSystem
  private let layout: WorkspaceLayout

  public init(fileSystem: any FileSystem, layout: WorkspaceLayout) {
    self.fileSystem = fileSystem
    self.layout = layout
  }

  /// The newest receipt: `receipt.json`, or `superseded.json` while a publication was interrupted. nil: none.
  public func newest(_ stage: StageName) throws -> ReceiptCodec.Encoded? {
    for path in places(of: stage) {
      if let encoded = try read(path) { return encoded }
    }
    return nil
  }

  /// Where the newest receipt may be: the first that is there counts.
  public func places(of stage: StageName) -> [RelativePath] {
    [layout.receipt(stage), layout.superseded(stage)].map { RelativePath(unchecked: layout.relative($0.string)) }
  }

  public func failed(_ stage: StageName) throws -> ReceiptCodec.Encoded? {
    try read(failedPlace(of: stage))
  }

  public func failedPlace(of stage: StageName) -> RelativePath {
    RelativePath(unchecked: layout.relative(layout.failed(stage).string))
  }

  public func history(_ digest: Digest) throws -> ReceiptCodec.Encoded? {
    try read(Self.history(digest))
  }

  public static func history(_ digest: Digest) -> RelativePath {
    RelativePath(unchecked: "receipts/history/\(digest.hex).json")
  }

  /// The receipt at `path`; nil: none is there.
  func read(_ path: RelativePath) throws -> ReceiptCodec.Encoded? {
    guard let bytes = try fileSystem.contents(of: layout.path(path)) else { return nil }
    return try ReceiptCodec.decode(bytes, place: path.string)
  }
}
