import JSONTape
import Receipts

/// Which run a row of evidence is, by its first and last bytes: what lies between is not looked at.
struct RowIdentity {
  var kind: RecordKind
  var kindName: EscapedText
  var source: EscapedText
  var runID: EscapedText

  private static let start: StaticString = #"{"schema_version":1,"kind":"#
  private static let beforeRunID: StaticString = #","run_id":"#
  private static let beforeProvenance: StaticString = #","provenance":"#
  private static let beforeSource: StaticString = #"{"source":"#

  /// nil: there is no such kind.
  init?(kindName: EscapedText, source: EscapedText, runID: EscapedText) {
    guard let kind = RecordKind(kindName.bytes) else { return nil }
    self.kind = kind
    self.kindName = kindName
    self.source = source
    self.runID = runID
  }

  /// nil: the line does not begin and end as this program writes a row.
  init?(_ line: ByteSlice) {
    guard line.hasPrefix(Self.start) else { return nil }
    var scanner = TokenScanner(line)
    scanner.position = Self.start.utf8CodeUnitCount
    guard let kindName = scanner.takeString(),
      line[scanner.position..<line.count].hasPrefix(Self.beforeRunID)
    else { return nil }
    scanner.position += Self.beforeRunID.utf8CodeUnitCount
    guard let runID = scanner.takeString() else { return nil }
    // Provenance, the last member, holds no object, and within a string its name would stand in escaped quotes.
    let nameLength = Self.beforeProvenance.utf8CodeUnitCount
    guard let brace = line.lastIndex(of: UInt8(ascii: "{")), brace - nameLength >= scanner.position,
      line[brace - nameLength..<brace] == Self.beforeProvenance,
      line[brace..<line.count].hasPrefix(Self.beforeSource)
    else { return nil }
    scanner.position = brace + Self.beforeSource.utf8CodeUnitCount
    guard let source = scanner.takeString() else { return nil }
    self.init(kindName: kindName, source: source, runID: runID)
  }

  func hash(_ scratch: WorkerScratch) -> Hash128 {
    Identity.hash(source: source, kind: kindName, runID: runID, scratch)
  }
}

extension Identity {
  /// The same of texts as they are written.
  static func hash(
    source: EscapedText, kind: EscapedText, runID: EscapedText, _ scratch: WorkerScratch
  ) -> Hash128 {
    let buffer = scratch.buffer
    buffer.removeAll()
    buffer.append("[\"")
    append(source, scratch)
    buffer.append("\",\"")
    append(kind, scratch)
    buffer.append("\",\"")
    append(runID, scratch)
    buffer.append("\"]")
    scratch.sha256.update(buffer.bytes)
    return Hash128(scratch.sha256.finish())
  }

  /// With the least escaping: a text without escapes stands so already.
  private static func append(_ text: EscapedText, _ scratch: WorkerScratch) {
    guard text.hasEscapes else { return scratch.buffer.append(text.bytes) }
    scratch.secondBuffer.removeAll()
    var writer = JSONWriter(scratch.buffer)
    writer.stringPiece(text.text(scratch.secondBuffer))
  }
}
