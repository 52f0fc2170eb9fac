import Receipts
import SystemPackage

/// Files below /proc.
enum ProcessTable {
  /// They say that they are empty, so they are read to their end. nil: not there, or not ours to read.
  static func text(_ name: String) -> String? {
    guard let file = try? LocalFileSystem().open(FilePath("/proc/\(name)")) else { return nil }
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = try? block.withUnsafeMutableBytes { try file.read(into: $0, at: Int64(bytes.count)) }
      guard let count, count > 0 else { break }
      bytes += block[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
