import Receipts
import SystemPackage

/// `inputs.sha256` and `outputs.sha256`: the receipt's digests again, for `sha256sum -c`.
struct ChecksumLists {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let log: FindingLog

  func check(_ receipt: Receipt) throws {
    try check(layout.inputDigests(receipt.stage), receipt.core.inputs)
    try check(layout.outputDigests(receipt.stage), receipt.core.outputs)
  }

  private func check(_ file: FilePath, _ files: [Receipt.File]) throws {
    let path = layout.relative(file.string)
    guard let bytes = try fileSystem.regularContents(of: file) else {
      return log.add(
        .checksumListDiffers, path: path, expected: "the digests that receipt.json lists", found: "no such file")
    }
    var position = bytes.startIndex
    for (index, file) in files.enumerated() {
      let expected = Self.line(file)
      let rest = bytes[position...]
      let found = rest.prefix { $0 != UInt8(ascii: "\n") }
      guard rest.starts(with: Array(expected.utf8) + [UInt8(ascii: "\n")]) else {
        return log.add(
          .checksumListDiffers, path: path, line: index + 1, expected: expected,
          found: rest.isEmpty ? "the end" : String(decoding: found, as: UTF8.self))
      }
      position += found.count + 1
    }
    if position < bytes.endIndex {
      log.add(
        .checksumListDiffers, path: path, line: files.count + 1, expected: "the end",
        found: "\(bytes.endIndex - position) bytes more")
    }
  }

  /// As `sha256sum` writes it: a name with a line feed, carriage return or backslash is escaped, and a backslash in
  /// front says so.
  private static func line(_ file: Receipt.File) -> String {
    let path = file.path.string
    guard path.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D || $0 == 0x5C }) else {
      return "\(file.digest.hex)  \(path)"
    }
    var escaped = ""
    for scalar in path.unicodeScalars {
      switch scalar {
      case "\n": escaped += "\\n"
      case "\r": escaped += "\\r"
      case "\\": escaped += "\\\\"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return "\\\(file.digest.hex)  \(escaped)"
  }
}
