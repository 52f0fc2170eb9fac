import JSONTape

/// Digests of files in the format of `sha256sum -c`: paths with a backslash or a line break are escaped as GNU
/// coreutils do it.
enum ChecksumList {
  static func text(of files: [Receipt.File]) -> [UInt8] {
    let text = ByteBuffer()
    for file in files {
      let path = file.path.string
      let isEscaped = path.utf8.contains {
        $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r")
      }
      if isEscaped { text.append("\\") }
      file.digest.appendHex(to: text)
      text.append("  ")
      if isEscaped { appendEscaped(path, to: text) } else { text.append(path) }
      text.append("\n")
    }
    return Array(text.bytes.raw)
  }

  private static func appendEscaped(_ path: String, to text: ByteBuffer) {
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): text.append("\\\\")
      case UInt8(ascii: "\n"): text.append("\\n")
      case UInt8(ascii: "\r"): text.append("\\r")
      default: text.append(byte)
      }
    }
  }

  /// The paths that it names. A line that is none of such a list names nothing.
  static func paths(in text: [UInt8]) -> [RelativePath] {
    text.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let isEscaped = line.first == UInt8(ascii: "\\")
      let parts = (isEscaped ? line.dropFirst() : line).split(
        separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[1].isEmpty, Digest(hex: String(decoding: parts[0], as: UTF8.self)) != nil,
        let path = String(validating: isEscaped ? unescaped(parts[2]) : Array(parts[2]), as: UTF8.self)
      else { return nil }
      return RelativePath(path)
    }
  }

  private static func unescaped(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var path: [UInt8] = []
    var isBehindBackslash = false
    for byte in bytes {
      if !isBehindBackslash, byte == UInt8(ascii: "\\") {
        isBehindBackslash = true
        continue
      }
      switch byte {
      case UInt8(ascii: "n") where isBehindBackslash: path.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "r") where isBehindBackslash: path.append(UInt8(ascii: "\r"))
      default: path.append(byte)
      }
      isBehindBackslash = false
    }
    return path
  }
}
