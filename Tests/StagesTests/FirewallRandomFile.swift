@testable import Stages

/// A log of a random workspace, with all that stands between its records.
struct RandomFile {
  /// What is wrong with the file around its records.
  enum Damage: String, CaseIterable {
    /// Lines: in the second member of a compressed file. A document: anywhere.
    case endsEarly
    /// Behind the last member of a compressed file.
    case garbage
    /// Of documents: the key of the records.
    case repeatedKey, noKey

    func harms(_ file: RandomFile) -> Bool {
      switch self {
      case .endsEarly: file.isDocument || file.compression != .none
      case .garbage: file.compression != .none
      case .repeatedKey, .noKey: file.isDocument
      }
    }
  }

  /// Something that counts as a raw record.
  struct Entry {
    /// 0-based; of a document, the element.
    var line: Int
    /// In the uncompressed file.
    var offset = 0
    /// nil: what can't be read.
    var record: RandomRecord?
    var bytes: [UInt8] = []

    /// nil: it is a record.
    var reason: Reason? {
      guard let record else { return .schemaViolation }
      return record.damage?.reason
    }
  }

  let source: String
  /// Without the extension of a compressed file.
  let name: String
  var compression = Compression.none
  var records: [RandomRecord] = []
  var damage: Damage?
  /// Of lines that end early: how many records are left, and whether half of the next is.
  var kept = 0
  var keepsHalf = false
  var hasMark = false
  var hasReturns = false
  /// Records with a blank line before them.
  var blankLines: Set<Int> = []
  /// The last record is without a line end. It counts, if it can be read.
  var isOpen = false
  /// A last line that is still being written.
  var hasPending = false

  var isDocument: Bool { name.hasSuffix(".json") }
  var path: String { "logs/\(source)/\(name)\(compression == .none ? "" : "." + compression.rawValue)" }

  /// Without what is damaged: what is left is read as it was.
  var undamaged: RandomFile {
    var file = self
    file.records = entries.compactMap { $0.reason == nil ? $0.record : nil }
    (file.damage, file.hasPending, file.hasMark, file.hasReturns, file.blankLines) = (nil, false, false, false, [])
    return file
  }

  /// All that is read as a record, or can't be.
  var entries: [Entry] { isDocument ? document.entries : lines.entries }

  func packed() throws -> [UInt8] {
    var text = isDocument ? document.text : lines.text
    switch damage {
    // What a reader gets of a member depends on its blocks, so the cut one has nothing to give.
    case .endsEarly where !isDocument:
      return try compression.pack(text) + compression.pack(Array("more".utf8)).prefix(5)
    case .endsEarly: text.removeLast()
    case .garbage: return try compression.pack(text) + Array("garbage".utf8)
    default: break
    }
    return try compression.pack(text)
  }

  private var mark: [UInt8] { hasMark ? [0xEF, 0xBB, 0xBF] : [] }

  private var document: (text: [UInt8], entries: [Entry]) {
    var text = mark + Array((damage == .noKey ? #"{"jobs":["# : #"{"runs":["#).utf8)
    var entries: [Entry] = []
    for (number, record) in records.enumerated() {
      if number > 0 { text += Array((hasReturns ? ",\r\n" : ", ").utf8) }
      let bytes = record.bytes(inDocument: true)
      entries.append(Entry(line: number, offset: text.count, record: record, bytes: bytes))
      text += bytes
    }
    text += Array((damage == .repeatedKey ? #"],"runs":[]}"# : "]}").utf8)
    let isSpoiled = records.contains { !($0.damage?.isJSON ?? true) }
    if isSpoiled || [.endsEarly, .repeatedKey, .noKey].contains(damage) { entries = [Entry(line: 0)] }
    // The document is whole, and what follows it is one more.
    if damage == .garbage && !isSpoiled { entries.append(Entry(line: records.count)) }
    return (text, entries)
  }

  private var lines: (text: [UInt8], entries: [Entry]) {
    var text = mark
    var entries: [Entry] = []
    var line = 0
    let end = Array((hasReturns ? "\r\n" : "\n").utf8)
    for (number, record) in records.enumerated() {
      if blankLines.contains(number) {
        text += Array(" \t".utf8) + end
        line += 1
      }
      let bytes = record.bytes(inDocument: false)
      if damage == .endsEarly, number == kept {
        return (text + (keepsHalf ? bytes.prefix(bytes.count / 2) : []), entries + [Entry(line: line)])
      }
      entries.append(Entry(line: line, offset: text.count, record: record, bytes: bytes))
      text += bytes
      let isLast = number == records.count - 1
      if !(isLast && isOpen) { text += end }
      line += 1
    }
    if damage != nil { entries.append(Entry(line: line)) }
    if hasPending { text += Array(#"{"id":"pending","says":"half a"#.utf8) }
    return (text, entries)
  }
}
