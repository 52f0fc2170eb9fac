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
    for path in [layout.receipt(stage), layout.superseded(stage)] {
      if let encoded = try read(path) { return encoded }
    }
    return nil
  }

  public func failed(_ stage: StageName) throws -> ReceiptCodec.Encoded? { try read(layout.failed(stage)) }

  public func history(_ digest: Digest) throws -> ReceiptCodec.Encoded? {
    try read(layout.history.appending("\(digest.hex).json"))
  }

  private func read(_ path: FilePath) throws -> ReceiptCodec.Encoded? {
    guard let bytes = try fileSystem.contents(of: path) else { return nil }
    return try ReceiptCodec.decode(bytes, place: layout.relative(path.string))
  }
}
