import JSONTape
import Receipts

/// A constant of the mapping as a value like those of records.
final class CompiledConstant {
  let value: JSONValue
  private let parser = JSONParser()
  private let text = ByteBuffer(capacity: 64)

  init(_ json: JSON) throws {
    let text = text
    json.encoded().withUnsafeBytes { text.append($0) }
    do {
      value = try parser.parse(text.bytes)
    } catch {
      throw DistillError(.internalFault, "a constant of a mapping is not JSON: \(error.reason)")
    }
  }
}
