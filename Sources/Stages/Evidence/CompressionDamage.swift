/// Why a compressed file gave no more bytes before its end.
struct CompressionDamage: Error, Equatable {
  /// A sentence without a full stop.
  var message: String

  static let endsEarly = CompressionDamage(message: "the compressed file ends early")
}
