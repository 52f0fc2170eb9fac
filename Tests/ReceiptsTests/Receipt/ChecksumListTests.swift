import Testing

@testable import Receipts

@Suite("Checksum files")
struct ChecksumListTests {
  private func line(_ path: String) -> String {
    let file = Receipt.File(
      path: RelativePath(unchecked: path), digest: Digest.of("x"), byteCount: 1, recordCount: 1)
    return String(decoding: ChecksumList.text(of: [file]), as: UTF8.self)
  }

  @Test("paths are written as sha256sum writes them, with a backslash in front where something is escaped")
  func escaping() {
    let digest = Digest.of("x").hex
    #expect(line("a b/ü.txt") == "\(digest)  a b/ü.txt\n")
    #expect(line("a\nb") == "\\\(digest)  a\\nb\n")
    #expect(line("a\\b") == "\\\(digest)  a\\\\b\n")
    #expect(line("a\rb\\\n") == "\\\(digest)  a\\rb\\\\\\n\n")
    #expect(line(" *a") == "\(digest)   *a\n")
    #expect(ChecksumList.text(of: []) == [])
  }

  @Test("what is written gives the paths back, and nothing else does")
  func paths() {
    let paths = ["a b/ü.txt", "a\nb", "a\\b", "a\rb\\\n", " *a", "n\\n"]
    let text = paths.map(line).joined()
    #expect(ChecksumList.paths(in: Array(text.utf8)).map(\.string) == paths)
    let digest = Digest.of("x").hex
    for other in [
      "", "\n", "a b\n", "\(digest) a\n", "\(digest)  ../a\n", "\(digest)  /a\n", "\(digest)0  a\n", "\(digest)",
    ] {
      #expect(ChecksumList.paths(in: Array(other.utf8)) == [], "\(other)")
    }
    #expect(ChecksumList.paths(in: Array("\(digest)  ".utf8) + [0xFF, 0x0A]) == [])
  }
}
