import JSONTape
import Receipts

/// A text with pointers and captures in it, made ready for many records.
final class CompiledTemplate {
  private enum Piece {
    case literal(Range<Int>)
    case pointer(CompiledPointer)
    case sha256([CompiledPointer])
    case capture(slot: Int)
    case path, stem, line
  }

  private var pieces: [Piece] = []
  /// Owns the literals' bytes.
  private let literals = ByteBuffer(capacity: 64)

  init(_ template: [TemplatePiece], captures: CaptureSlots) {
    for piece in template {
      switch piece {
      case .literal(let text):
        let start = literals.count
        literals.append(text)
        pieces.append(.literal(start..<literals.count))
      case .pointer(let reference): pieces.append(.pointer(CompiledPointer(reference)))
      case .sha256(let references): pieces.append(.sha256(references.map(CompiledPointer.init)))
      case .capture(let name): pieces.append(.capture(slot: captures.slot(name)))
      case .path: pieces.append(.path)
      case .stem: pieces.append(.stem)
      case .line: pieces.append(.line)
      }
    }
  }

  var pointers: [CompiledPointer] {
    pieces.flatMap { piece -> [CompiledPointer] in
      switch piece {
      case .pointer(let pointer): [pointer]
      case .sha256(let pointers): pointers
      default: []
      }
    }
  }

  /// Writes the text into the scope's arena; nil: a pointer or capture of it is absent.
  /// - Parameter field: what the text is for, for an error.
  func render(in scope: RecordScope, field: String) throws(RecordViolation) -> Range<Int>? {
    let arena = scope.arena
    let start = arena.count
    var isWhole = true
    // The pieces behind an absent one are looked up too: their probes count what is found, not what was needed.
    for piece in pieces {
      switch piece {
      case .literal(let range): arena.append(literals.slice(range))
      case .pointer(let pointer):
        if let value = scope.findPresent(pointer) {
          arena.append(try value.asText(field: field, origin: pointer.text))
        } else {
          isWhole = false
        }
      case .sha256(let pointers):
        if let digest = try digest(of: pointers, in: scope) {
          digest.appendHex(to: arena)
        } else {
          isWhole = false
        }
      case .capture(let slot):
        if let text = scope.capture(slot) { arena.append(text) } else { isWhole = false }
      case .path: arena.append(scope.pathBytes)
      case .stem: arena.append(scope.stemBytes)
      case .line: arena.appendDecimal(Int64(scope.line))
      }
    }
    if !isWhole { arena.truncate(to: start) }
    return isWhole ? start..<arena.count : nil
  }

  /// One value: of a string's UTF-8, else of its canonical JSON. More: of the canonical JSON of their list.
  /// nil: one of them is absent or null.
  private func digest(of pointers: [CompiledPointer], in scope: RecordScope) throws(RecordViolation) -> Digest? {
    let sha256 = scope.scratch.sha256
    let buffer = scope.scratch.secondBuffer
    buffer.removeAll()
    if pointers.count == 1 {
      guard let value = scope.findPresent(pointers[0]) else { return nil }
      if let text = value.string {
        TextBytes.repaired(text) { sha256.update($0) }
        return sha256.finish()
      }
      try scope.scratch.canonical.append(value, to: buffer)
    } else {
      var isWhole = true
      for (index, pointer) in pointers.enumerated() {
        buffer.append(index == 0 ? "[" : "," as StaticString)
        if let value = scope.findPresent(pointer) {
          try scope.scratch.canonical.append(value, to: buffer)
        } else {
          isWhole = false
        }
      }
      guard isWhole else { return nil }
      buffer.append("]" as StaticString)
    }
    sha256.update(buffer.bytes)
    return sha256.finish()
  }
}

/// The captures that a mapping's templates name, numbered.
final class CaptureSlots {
  private(set) var names: [String] = []

  func slot(_ name: String) -> Int {
    if let slot = names.firstIndex(of: name) { return slot }
    names.append(name)
    return names.count - 1
  }
}
