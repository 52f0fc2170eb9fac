import CSimdJSON

extension ByteBuffer {
  /// Appends WTF-8 text as a JSON string with its quotes.
  /// - Parameter keepingSurrogates: a lone surrogate is written as `\udxxx`, not as U+FFFD.
  func appendQuoted(_ text: ByteSlice, keepingSurrogates: Bool) {
    append(UInt8(ascii: "\""))
    appendEscaped(text, keepingSurrogates: keepingSurrogates)
    append(UInt8(ascii: "\""))
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
