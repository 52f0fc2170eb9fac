import SystemPackage

/// One call that is to go wrong, by its number.
public struct PlannedFault: Sendable {
  /// Which calls are counted.
  public enum Calls: Sendable {
    /// Those that look: stat, list, open, read.
    case looking
    /// Those that change something: create, write, rename, remove, synchronize, close.
    case changing
  }

  public enum Kind: Sendable {
    /// The call throws and does nothing.
    case refusal
    /// A write writes half of its bytes, then throws. Other calls throw and do nothing.
    case halfWrite
  }

  public var calls: Calls
  /// Of these calls, how many go well before.
  public var after: Int
  public var kind: Kind
  public var errno: Errno

  public init(_ calls: Calls, after: Int, _ errno: Errno, _ kind: Kind = .refusal) {
    self.calls = calls
    self.after = after
    self.kind = kind
    self.errno = errno
  }
}
