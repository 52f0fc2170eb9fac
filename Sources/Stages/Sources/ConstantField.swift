import JSONTape
import Receipts

/// Refuses a constant where each record has a value of its own: it is a pointer that was written without its slash.
enum ConstantField {
  /// - Parameters:
  ///   - key: as the error names the field: `map.run_id`.
  ///   - consequence: what would be wrong with the records: "all runs would be one".
  static func check(
    _ expression: FieldExpression, _ node: ConfigurationNode, key: String, consequence: String
  ) throws(DistillError) {
    guard let value = value(of: expression), value != .null else { return }
    let text = value.string ?? value.canonicalString
    throw node.error(
      "`\(key)` is the constant \"\(text)\", so \(consequence)",
      hint: "write a pointer, as in \(pointer(like: text) ?? "/response/id")")
  }

  /// A list holds nothing behind its first constant.
  private static func value(of expression: FieldExpression) -> JSON? {
    switch expression {
    case .constant(let value): value
    case .firstOf(let entries, _): entries.first.flatMap(value)
    default: nil
    }
  }

  /// Of a path as other tools write it: `response.id`, `$.response.id`, `response/id`.
  private static func pointer(like text: String) -> String? {
    let path = text.hasPrefix("$.") ? text.dropFirst(2) : text[...]
    let names = path.split(omittingEmptySubsequences: false) { $0 == "." || $0 == "/" }
    let isPath = names.allSatisfy { name in
      !name.isEmpty && name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || isAlphanumeric($0) }
    }
    return isPath ? "/" + names.joined(separator: "/") : nil
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
  }
}
