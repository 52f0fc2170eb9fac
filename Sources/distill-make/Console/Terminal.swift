import Glibc
import Receipts
import SystemPackage

/// Results go to standard output, progress and prose to standard error.
enum Terminal {
  /// - Throws: (73) when not all of it could be written. A reader that went away (`| head`) is no error.
  static func result(_ text: String, terminator: String = "\n") throws(DistillError) {
    let failure = write(text + terminator, to: 1)
    guard let failure, failure != .brokenPipe else { return }
    throw DistillError(.cannotWrite, "can't write to standard output: \(failure)")
  }

  /// Control characters, which names of files may have, would be commands for the terminal.
  static func say(_ text: String) {
    let printable = text.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control && scalar != "\n" ? "?" : scalar
    }
    _ = write(String(String.UnicodeScalarView(printable)) + "\n", to: 2)
  }

  /// Draws on the terminal that standard error is.
  static func draw(_ text: String) { _ = write(text, to: 2) }

  static var errorIsTerminal: Bool { isatty(2) == 1 && getenv("TERM").map { String(cString: $0) != "dumb" } ?? false }

  static var errorWidth: Int {
    var size = winsize()
    return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// Returns why not all of it was written; nil: it was.
  private static func write(_ text: String, to descriptor: Int32) -> Errno? {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 {
          if errno == EINTR { continue }
          return Errno(rawValue: errno)
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
      return nil
    }
  }
}
