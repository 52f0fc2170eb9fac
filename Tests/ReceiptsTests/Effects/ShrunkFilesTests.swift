import Glibc
import JSONTape
import SystemPackage
import Testing

@testable import Receipts

@Suite("A mapped file that is shortened")
struct ShrunkFilesTests {
  @Test("reads as zeros where its bytes were, and the process knows of it")
  func shortened() throws {
    ShrunkFiles.survive()
    let folder = TemporaryFolder()
    let path = folder.path.appending("log.jsonl")
    let fileSystem = LocalFileSystem()
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    try fileSystem.replace(path, with: Array(repeating: UInt8(ascii: "x"), count: 5 * page + 7))
    let mapping = try #require(try fileSystem.map(path))
    #expect(mapping.bytes[5 * page] == UInt8(ascii: "x"))
    #expect(truncate(path.string, off_t(page + 1)) == 0)
    #expect(mapping.bytes[0] == UInt8(ascii: "x") && mapping.bytes[page] == UInt8(ascii: "x"))
    #expect(mapping.bytes.buffer[(page + 1)...].allSatisfy { $0 == 0 })
    #expect(ShrunkFiles.wereRead)
    #expect(ShrunkFiles.error.code == .inputOutput)
  }
}
