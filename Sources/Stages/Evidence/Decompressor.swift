import JSONTape

/// How a log file is compressed.
enum Compression: String {
  case none, gz, zst
}

/// Gives the bytes of a compressed file piece by piece.
protocol Decompressor: AnyObject {
  /// Fills the front of `target`. What stands before a damage is given first, then the damage is thrown, once and again.
  /// - Returns: how many bytes; 0: the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(CompressionDamage) -> Int
}
