/// What is wrong with a JSON text.
public struct JSONError: Error, Sendable, Equatable {
  /// A few words without a full stop: `expected a value`, `duplicate key "a"`, `invalid UTF-8`.
  public var reason: String
  /// The byte of the parsed text where it was noticed; its length if the text ends too early.
  public var offset: Int

  public init(reason: String, offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}

extension JSONError: CustomStringConvertible {
  public var description: String { "\(reason) at byte \(offset)" }
}
