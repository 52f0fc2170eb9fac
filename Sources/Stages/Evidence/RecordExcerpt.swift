import JSONTape

/// The beginning of a record's text, with null in the place of what `never` names.
enum RecordExcerpt {
  /// Writes a little more than a quarantine row shows, so that it cuts between characters. What is not hidden stays as
  /// it is written in the log.
  static func write(_ record: JSONValue, hiding hidden: HiddenPaths, to buffer: ByteBuffer) {
    buffer.removeAll()
    var writer = JSONWriter(buffer)
    write(record, hidden, &writer)
  }

  private static let limit = QuarantineRow.excerptLimit + 8

  private static func write(_ value: JSONValue, _ hidden: HiddenPaths, _ writer: inout JSONWriter) {
    guard !hidden.isEmpty, value.kind == .array || value.kind == .object else {
      let token = value.token
      return writer.raw(token[0..<min(token.count, limit)])
    }
    if value.kind == .object {
      writer.beginObject()
      for (key, member) in value.members where writer.output.count < limit {
        writer.key(key)
        write(member, hidden.member(key), &writer)
      }
      writer.endObject()
    } else {
      writer.beginArray()
      for (index, element) in value.elements.enumerated() where writer.output.count < limit {
        write(element, hidden.element(index), &writer)
      }
      writer.endArray()
    }
  }

  private static func write(_ value: JSONValue, _ child: HiddenPaths.Child, _ writer: inout JSONWriter) {
    switch child {
    case .hidden: writer.null()
    case .open(let hidden): write(value, hidden, &writer)
    }
  }
}
