/// A node of the graph, as it is written in receipts and typed at the terminal: `export-rag`.
public struct StageName: Sendable, Hashable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral {
  public var text: String
  public init(_ text: String) { self.text = text }
  public init(stringLiteral value: StaticString) { text = value.description }
  public var description: String { text }
  public static func < (left: StageName, right: StageName) -> Bool { left.text < right.text }
}
