import Glibc
import JSONTape
import Receipts
import Stages

/// The prompts that an export's receipt says are held out, read from the files that it lists.
struct Holdout {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let files: AuditedFiles

  /// Halves of the SHA-256 of the folded prompts; none where nothing is held out.
  /// - Returns: whether they are all: a file that is not as the receipt says, or was not to be looked at, is left out.
  func prompts(_ receipt: StageReceipt) throws -> (prompts: Set<Hash128>, areAll: Bool) {
    guard let pointer = receipt.receipt.core.parameters["holdout"]?["prompt"]?.string else { return ([], true) }
    var prompts: Set<Hash128> = []
    var areAll = true
    let (plain, folded) = (ByteBuffer(), ByteBuffer())
    let parser = JSONParser()
    for input in receipt.receipt.core.inputs
    where !StageRoles.isMade(input.path) && input.path != Layout.repositoryFacts {
      let bytes = ByteBuffer()
      guard files.isSound(input.path), try fileSystem.appendContents(of: layout.path(input.path), to: bytes) else {
        areAll = false
        continue
      }
      let text = try Self.text(bytes.bytes, of: input.path)
      try Self.records(text.bytes, of: input.path, parser) { record in
        guard let prompt = Self.value(at: pointer, in: record)?.string else { return }
        plain.removeAll()
        Self.append(prompt, to: plain)
        folded.removeAll()
        Text.fold(plain.bytes, into: folded)
        prompts.insert(Hash128(Digest.of(folded.bytes)))
      }
      withExtendedLifetime(bytes) {}
    }
    return (prompts, areAll)
  }

  /// Evidence has U+FFFD for each lone surrogate (ED, then A0 or more, and one more byte).
  private static func append(_ text: ByteSlice, to plain: ByteBuffer) {
    let bytes = text.buffer
    var place = 0
    while place < bytes.count {
      let isSurrogate = bytes[place] == 0xED && place + 2 < bytes.count && bytes[place + 1] >= 0xA0
      if isSurrogate { plain.append("\u{FFFD}") } else { plain.append(bytes[place]) }
      place += isSurrogate ? 3 : 1
    }
  }

  /// Without compression and byte order mark.
  private static func text(_ bytes: ByteSlice, of path: RelativePath) throws -> ByteBuffer {
    let source = try LogText(bytes, of: path)
    let text = ByteBuffer(capacity: bytes.count)
    var count = 0
    repeat {
      text.append(count: 1 << 20) {
        count = source.read(into: $0)
        return count
      }
    } while count > 0
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    guard text.bytes.buffer.starts(with: mark) else { return text }
    let unmarked = ByteBuffer(capacity: text.count)
    unmarked.append(text.bytes[mark.count..<text.count])
    return unmarked
  }

  /// Lines of a file of lines; else the elements of a list, or the document.
  private static func records(
    _ text: ByteSlice, of path: RelativePath, _ parser: JSONParser, _ body: (JSONValue) throws -> Void
  ) throws {
    guard let first = text.buffer.baseAddress else { return }
    if Source.Format.byExtension(of: path.name) == .jsonl {
      var start = 0
      while start < text.count {
        let end = memchr(first + start, 0x0A, text.count - start).map { UnsafeRawPointer(first).distance(to: $0) }
        let line = text[start..<(end ?? text.count)]
        if let record = try? parser.parse(line) { try body(record) }
        start = (end ?? text.count) + 1
      }
    } else if let document = try? parser.parse(text) {
      guard document.kind == .array else { return try body(document) }
      for element in document.elements { try body(element) }
    }
  }

  /// What a JSON Pointer (RFC 6901) leads to.
  private static func value(at pointer: String, in record: JSONValue) -> JSONValue? {
    var value: JSONValue? = record
    for token in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      let name = Self.unescaped(token)
      value = value.flatMap { current in
        current.kind == .array
          ? Int(name).flatMap(current.element) : name.withBytes { current.member($0) }
      }
    }
    return value
  }

  /// `~1` is a slash, `~0` a tilde.
  private static func unescaped(_ token: Substring) -> String {
    var name = ""
    var isEscape = false
    for character in token {
      if isEscape {
        name.append(character == "1" ? "/" : "~")
        isEscape = false
      } else if character == "~" {
        isEscape = true
      } else {
        name.append(character)
      }
    }
    return name
  }
}
