import JSONTape

/// Writes values of `validation_results`: any JSON, in a form that does not change between records.
///
/// A number that a double holds is written as a double (`1` is `1.0`): a column that is an integer in one record and a
/// float in the next breaks the readers that fix types early. Objects have their keys in canonical order.
final class ResultValues {
  private let canonical: CanonicalWriter
  private let buffer = ByteBuffer(capacity: 256)
  private let parser = JSONParser()

  init(canonical: CanonicalWriter) { self.canonical = canonical }

  func write(_ value: JSONValue, to writer: inout JSONWriter) throws(RecordViolation) {
    guard value.kind == .array || value.kind == .object else { return copy(value, to: &writer) }
    // Its canonical form, read back, has the keys in order.
    buffer.removeAll()
    try canonical.append(value, to: buffer)
    let ordered: JSONValue
    do throws(JSONError) {
      ordered = try parser.parse(buffer.bytes)
    } catch {
      throw RecordViolation(.schemaViolation, "validation_results: \(error.reason)")
    }
    copy(ordered, to: &writer)
  }

  private func copy(_ value: JSONValue, to writer: inout JSONWriter) {
    switch value.kind {
    case .number: Self.writeNumber(value, to: &writer)
    case .array:
      writer.beginArray()
      for element in value.elements { copy(element, to: &writer) }
      writer.endArray()
    case .object:
      writer.beginObject()
      for (key, member) in value.members {
        writer.key(key)
        copy(member, to: &writer)
      }
      writer.endObject()
    default: writer.value(value)
    }
  }

  private static func writeNumber(_ value: JSONValue, to writer: inout JSONWriter) {
    let token = value.token
    if let double = value.double, NumberText.survivesDouble(token, nearest: double) {
      writer.double(double == 0 ? 0 : double)
    } else {
      writer.raw(token)
    }
  }
}
