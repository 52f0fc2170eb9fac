import JSONTape
import Receipts

/// Maps the records of a JSON document, which is parsed whole, or those of a part of a large one. A blank document has
/// no records.
struct DocumentMapper {
  let mapper: RecordMapper
  let scratch: WorkerScratch
  private let reader: DocumentReader
  private let limit: Int
  private let maximumUnpacked: Int
  /// How many containers stand around a record.
  private let depth: Int
  /// A document decompressed, or elements with brackets around them.
  private let text = ByteBuffer(capacity: 0)
  private let frameParser = JSONParser()

  /// - Parameter maximumUnpacked: bytes of a compressed document, which is unpacked whole because nobody can begin in
  ///   the middle of it.
  init(mapper: RecordMapper, scratch: WorkerScratch, source: Source, maximumUnpacked: Int = 1 << 30) {
    self.mapper = mapper
    self.scratch = scratch
    reader = DocumentReader(
      records: source.records, reading: source.parts.flatMap { $0.fieldReferences + $0.ruleReferences })
    limit = source.maxRecordBytes
    self.maximumUnpacked = max(maximumUnpacked, limit)
    depth = source.records.tokens.count
  }

  /// Maps elements of the array of records, with the commas between them.
  ///
  /// - Parameter frame: the document with its array emptied, which is JSON.
  /// - Returns: why the elements are no JSON; nil: they are.
  func map(_ segment: EvidenceSegment, elements bytes: ByteSlice, frame: ByteSlice) throws -> String? {
    let root = try frameParser.parse(frame)
    if let fault = reader.ambiguity(of: root) { return fault }
    // As deep as in the document, so that the limit of nesting is the same.
    text.removeAll()
    for _ in 0..<depth { text.append(UInt8(ascii: "[")) }
    text.append(bytes)
    for _ in 0..<depth { text.append(UInt8(ascii: "]")) }
    var array: JSONValue
    do throws(JSONError) {
      array = try scratch.parser.parse(text.bytes)
    } catch {
      return "not JSON: \(error.reason) at byte \(segment.offset - depth + error.offset) of the file"
    }
    for _ in 1..<depth { array = array.element(0) ?? array }
    let document = Document(segment: segment, text: text.bytes, base: segment.offset - depth)
    for (number, record) in array.elements.enumerated() {
      map(record, root: root, place: place(record, segment.line + number, document))
    }
    return nil
  }

  func map(_ segment: EvidenceSegment, bytes: ByteSlice) throws {
    if let fault = segment.fault {
      let place = RecordPlace(line: 0, offset: 0, length: fault.byteCount, bytes: bytes)
      return mapper.quarantine(place, hash: fault.digest, message: fault.message)
    }
    var bytes = bytes
    var damage: CompressionDamage?
    if let decompressor = try segment.decompressor(bytes) {
      damage = try decompress(decompressor, of: segment)
      bytes = text.bytes
    }
    let mark = bytes.byteOrderMark
    let document = Document(
      segment: segment, text: bytes[mark..<bytes.count], base: segment.offset + mark)
    let next = try map(document, damage: damage)
    guard let damage else { return }
    mapper.warn("\(segment.path): \(damage.message)")
    if let next {
      // The document was whole, but not what follows it.
      let place = RecordPlace(
        line: next, offset: document.base + document.text.count, length: 0, bytes: .empty)
      mapper.quarantine(place, message: damage.message)
    }
  }

  private struct Document {
    var segment: EvidenceSegment
    var text: ByteSlice
    /// Place of the text in the uncompressed file.
    var base: Int
  }

  private func decompress(_ decompressor: any Decompressor, of segment: EvidenceSegment) throws -> CompressionDamage? {
    text.removeAll()
    while text.count <= maximumUnpacked {
      let before = text.count
      do {
        try text.append(count: max(1 << 16, min(text.count, 64 << 20))) { try decompressor.read(into: $0) }
      } catch {
        return error as? CompressionDamage ?? .endsEarly
      }
      if text.count == before { return nil }
    }
    throw DistillError(
      .data, "unpacks to more than \(maximumUnpacked) bytes, and a compressed document is parsed whole",
      place: segment.path,
      hint: "Unpack it: a document that is not compressed is cut between its records.")
  }

  /// - Returns: the number of the next element; nil: the document is not JSON, and that is in the books.
  private func map(_ document: Document, damage: CompressionDamage?) throws -> Int? {
    if TextBytes.isBlankLine(document.text) { return document.segment.line }
    let root: JSONValue
    do throws(JSONError) {
      root = try scratch.parser.parse(document.text)
    } catch {
      let place = RecordPlace(
        line: document.segment.line, offset: document.base, length: document.text.count, bytes: document.text)
      let offset = document.base + error.offset
      mapper.quarantine(place, message: damage?.message ?? "not JSON: \(error.reason) at byte \(offset) of the file")
      return nil
    }
    var number = document.segment.line
    try reader.records(of: root) { found in
      switch found {
      case .record(let record): map(record, root: root, place: place(record, number, document))
      case .deadEnd(let value, let message):
        mapper.quarantine(value, place: place(value, number, document), message: message)
      }
      number += 1
    }
    return number
  }

  private func map(_ record: JSONValue, root: JSONValue, place: RecordPlace) {
    guard place.length <= limit else {
      return mapper.quarantine(place, message: "the record is longer than \(limit) bytes")
    }
    mapper.map(record, root: root, place: place)
  }

  private func place(_ value: JSONValue, _ number: Int, _ document: Document) -> RecordPlace {
    let range = value.sourceRange
    return RecordPlace(
      line: number, offset: document.base + range.lowerBound, length: range.count, bytes: document.text[range])
  }
}
