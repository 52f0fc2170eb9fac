import Glibc

/// Results go to standard output, progress and prose to standard error.
enum Terminal {
  static func result(_ text: String) { write(text + "\n", to: 1) }
  static func say(_ text: String) { write(text + "\n", to: 2) }

  static var errorIsTerminal: Bool { isatty(2) == 1 && getenv("TERM").map { String(cString: $0) != "dumb" } ?? false }

  static var errorWidth: Int {
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// A reader that went away (`| head`) is no error.
  static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }
}
