/// A path below the workspace: components with `/` between them; none is empty, `.` or `..`; no `/` in front.
/// Equal and ordered by UTF-8 bytes.
public struct RelativePath: Sendable, Hashable {
  private var text: ExactString

  public var string: String { text.string }

  /// nil: not such a path, or with a NUL byte in it, which no system call would see.
  public init?(_ string: String) {
    guard Self.isNormal(string) else { return nil }
    text = ExactString(string)
  }

  /// - Parameter string: known to be a relative path, as from `init(_:)` or a literal.
  public init(unchecked string: String) {
    assert(Self.isNormal(string), "not a relative path: \(string)")
    text = ExactString(string)
  }

  /// The last component.
  public var name: String {
    guard let slash = string.utf8.lastIndex(of: Self.slash) else { return string }
    return String(string[string.utf8.index(after: slash)...])
  }

  /// The name without its extension, and without the one before a `.gz` or `.zst`: `logs/a.jsonl.gz` has `a`.
  public var stem: String {
    let name = name
    for suffix in [".gz", ".zst"] where name.utf8.count > suffix.utf8.count && name.hasSuffix(suffix) {
      return Self.withoutExtension(String(name.dropLast(suffix.count)))
    }
    return Self.withoutExtension(name)
  }

  /// nil: the workspace itself.
  public var parent: RelativePath? {
    guard let slash = string.utf8.lastIndex(of: Self.slash) else { return nil }
    return RelativePath(unchecked: String(string[..<slash]))
  }

  /// - Parameter component: one component, or several with `/` between them.
  public func appending(_ component: String) -> RelativePath {
    RelativePath(unchecked: "\(string)/\(component)")
  }

  private static let slash = UInt8(ascii: "/")

  /// A dot in front makes a hidden file, not an extension.
  private static func withoutExtension(_ name: String) -> String {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.utf8.startIndex else { return name }
    return String(name[..<dot])
  }

  private static func isNormal(_ string: String) -> Bool {
    var length = 0
    var dots = 0
    for byte in string.utf8 {
      switch byte {
      case 0: return false
      case slash:
        if length == 0 || (length == dots && dots <= 2) { return false }
        length = 0
        dots = 0
      default:
        length += 1
        if byte == UInt8(ascii: ".") { dots += 1 }
      }
    }
    return length > 0 && !(length == dots && dots <= 2)
  }
}

extension RelativePath: Comparable {
  public static func < (left: RelativePath, right: RelativePath) -> Bool { left.text < right.text }
}

extension RelativePath: CustomStringConvertible {
  public var description: String { string }
}
