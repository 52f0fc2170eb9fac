import JSONTape

/// The files of a receipt's core, read and written without a tree of JSON: there may be a hundred thousand of them.
///
/// A file is `{"bytes":…,"path":"…","records":…,"sha256":"…"}`.
struct ReceiptFileLists {
  private(set) var inputs: [Receipt.File] = []
  private(set) var outputs: [Receipt.File] = []
  /// The receipt with both lists empty.
  private(set) var rest: [UInt8] = []

  static func write(_ files: [Receipt.File], to writer: inout JSONWriter) {
    writer.beginArray()
    for file in files {
      writer.beginObject()
      writer.key("bytes")
      writer.integer(Int64(file.byteCount))
      writer.key("path")
      writer.string(file.path.string)
      writer.key("records")
      writer.integer(Int64(file.recordCount))
      writer.key("sha256")
      writer.beginString()
      file.digest.appendHex(to: writer.output)
      writer.endString()
      writer.endObject()
    }
    writer.endArray()
  }

  /// nil: the lists are not there as `write` writes them.
  init?(in bytes: [UInt8]) {
    let parser = JSONParser()
    let text = ByteBuffer(capacity: bytes.count)
    defer { withExtendedLifetime((parser, text)) {} }
    bytes.withUnsafeBytes { text.append($0) }
    guard let core = (try? parser.parse(text.bytes))?.member("core"), let inputs = core.member("inputs"),
      let outputs = core.member("outputs"), let inputFiles = Self.files(inputs), let outputFiles = Self.files(outputs)
    else { return nil }
    self.inputs = inputFiles
    self.outputs = outputFiles
    var start = 0
    for place in [inputs.sourceRange, outputs.sourceRange].sorted(by: { $0.lowerBound < $1.lowerBound }) {
      rest += bytes[start..<place.lowerBound] + Array("[]".utf8)
      start = place.upperBound
    }
    rest += bytes[start...]
  }

  private static func files(_ list: JSONValue) -> [Receipt.File]? {
    guard list.kind == .array else { return nil }
    var files: [Receipt.File] = []
    for element in list.elements {
      var members = element.members
      func next(_ key: StaticString) -> JSONValue? {
        guard let member = members.next(), member.key == key else { return nil }
        return member.value
      }
      guard let bytes = next("bytes")?.integer, bytes >= 0, let text = next("path")?.string,
        let path = String(validating: text.buffer, as: UTF8.self).flatMap(RelativePath.init),
        let records = next("records")?.integer, records >= 0,
        let digest = next("sha256")?.string.flatMap(Digest.init(hex:)), members.next() == nil
      else { return nil }
      files.append(Receipt.File(path: path, digest: digest, byteCount: Int(bytes), recordCount: Int(records)))
    }
    return files
  }
}
