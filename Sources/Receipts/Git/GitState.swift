/// Where a work tree stands: the commit of HEAD, and whether it was altered since.
public struct GitState: Sendable, Hashable {
  /// 40 hex digits.
  public var sha: String
  /// Tracked files differ from HEAD, in the index or in the work tree.
  public var dirty: Bool

  public init(sha: String, dirty: Bool) {
    self.sha = sha
    self.dirty = dirty
  }
}
