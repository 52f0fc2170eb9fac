/// Which program made something. It is part of every key: another program may write other bytes.
public struct ToolIdentity: Sendable, Hashable {
  public var name: String
  public var version: String
  /// Of the executable and of the loaded libraries that can change bytes.
  public var digest: Digest

  public init(name: String, version: String, digest: Digest) {
    self.name = name
    self.version = version
    self.digest = digest
  }
}
