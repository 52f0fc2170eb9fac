/// Gives the bytes of a compressed file piece by piece.
public protocol Decompressor: AnyObject {
  /// Fills the front of `target`. What stands before a damage is given first, then the damage is thrown, once and
  /// again.
  /// - Returns: how many bytes; 0: the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(CompressionDamage) -> Int
}

/// Why a compressed file gave no more bytes before its end.
public struct CompressionDamage: Error, Equatable {
  /// A sentence without a full stop.
  public var message: String

  public init(message: String) { self.message = message }

  public static let endsEarly = CompressionDamage(message: "the compressed file ends early")
}
