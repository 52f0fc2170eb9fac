import Testing

@testable import Receipts

@Suite("Checksum files")
struct PublisherTests {
  private func line(_ path: String) -> String {
    let file = Receipt.File(
      path: RelativePath(unchecked: path), digest: Digest.of("x"), byteCount: 1, recordCount: 1)
    return String(decoding: Publisher.checksums([file]), as: UTF8.self)
  }

  @Test("paths are written as sha256sum writes them, with a backslash in front where something is escaped")
  func escaping() {
    let digest = Digest.of("x").hex
    #expect(line("a b/ü.txt") == "\(digest)  a b/ü.txt\n")
    #expect(line("a\nb") == "\\\(digest)  a\\nb\n")
    #expect(line("a\\b") == "\\\(digest)  a\\\\b\n")
    #expect(line("a\rb\\\n") == "\\\(digest)  a\\rb\\\\\\n\n")
    #expect(line(" *a") == "\(digest)   *a\n")
    #expect(Publisher.checksums([]) == [])
  }
}
