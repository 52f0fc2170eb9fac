import Receipts

/// How a log file is compressed.
enum Compression: String {
  case none, gz, zst

  init(of path: RelativePath) {
    self = path.name.hasSuffix(".gz") ? .gz : path.name.hasSuffix(".zst") ? .zst : .none
  }

  /// nil: the bytes are not compressed.
  func decompressor(_ input: CompressedInput) throws -> (any Decompressor)? {
    switch self {
    case .none: nil
    case .gz: try GzipDecompressor(input)
    case .zst: try ZstdDecompressor(input)
    }
  }
}
