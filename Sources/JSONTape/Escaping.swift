import CSimdJSON

extension ByteBuffer {
  /// Appends WTF-8 text as a JSON string with its quotes.
  /// - Parameter keepingSurrogates: a lone surrogate is written as `\udxxx`, not as U+FFFD.
  func appendQuoted(_ text: ByteSlice, keepingSurrogates: Bool) {
    append(UInt8(ascii: "\""))
    appendEscaped(text, keepingSurrogates: keepingSurrogates)
    append(UInt8(ascii: "\""))
  }

  /// Appends the string whose word on the tape is at `index`, with its quotes: as it stands in the text where that is
  /// what escaping it would give.
  func appendQuoted(_ tape: UnsafePointer<csimdjson_tape>, _ index: Int, keepingSurrogates: Bool) {
    let text = tape.pointee.string(at: index)
    let token = tape.pointee.slice(tape.pointee.sourceRange(at: index))
    if token.count == text.count + 2 || Self.isLeastEscaped(token) {
      append(token)
    } else {
      appendQuoted(text, keepingSurrogates: keepingSurrogates)
    }
  }

  private static func isLeastEscaped(_ token: ByteSlice) -> Bool {
    guard let base = token.buffer.baseAddress, token.count >= 2 else { return false }
    return csimdjson_is_least_escaped(base + 1, token.count - 2) != 0
  }

  func appendQuoted(_ text: String) {
    var text = text
    text.withUTF8 { appendQuoted(ByteSlice($0), keepingSurrogates: false) }
  }

  /// Appends WTF-8 text as the inside of a JSON string.
  func appendEscaped(_ text: ByteSlice, keepingSurrogates: Bool) {
    guard let source = text.buffer.baseAddress else { return }
    var done = 0
    while done < text.count {
      // Room for text with a few escapes; whatever has more takes another turn.
      let left = text.count - done
      reserve(left + left / 8 + 2 * Int(CSIMDJSON_ESCAPE_ROOM))
      let state = self.state
      let progress = csimdjson_escape(
        source + done, left, state.pointee.base + state.pointee.count, state.pointee.capacity - state.pointee.count,
        keepingSurrogates ? 1 : 0)
      done += progress.consumed
      state.pointee.count += progress.written
    }
  }
}
