import JSONTape
import Receipts
import ReceiptsTesting
import SystemPackage
import Testing

@Suite("DirectoryActionCache")
struct ActionCacheTests {
  private let memory = MemoryFileSystem()
  private let key = Digest.of("key")
  private let record: JSON = ["outputs": [1, "two"], "a": nil]
  private var cache: DirectoryActionCache { DirectoryActionCache(fileSystem: memory, root: "/.distill") }

  @Test("a record is found under its key, canonical, with its digest in front")
  func saved() throws {
    #expect(try cache.record(for: key) == nil)
    try cache.save(record, for: key)
    #expect(try cache.record(for: key)?.canonicalString == record.canonicalString)
    #expect(try cache.record(for: .of("other")) == nil)
    #expect(try cache.keys() == [key])
    let text = #"{"a":null,"outputs":[1,"two"]}"#
    #expect(memory.files == [FilePath("/.distill/actions/\(key.hex.prefix(2))/\(key.hex.dropFirst(2))")])
    #expect(memory.text(of: memory.files[0]) == "\(Digest.of(text).hex)\n\(text)")
  }

  @Test("a record can be replaced and removed")
  func replaced() throws {
    try cache.save(record, for: key)
    try cache.save("new", for: key)
    #expect(try cache.record(for: key) == "new")
    try cache.remove(key)
    try cache.remove(key)
    #expect(try cache.record(for: key) == nil)
  }

  @Test("a record with any byte altered, or cut at any length, counts as missing")
  func damaged() throws {
    try cache.save(record, for: key)
    let path = memory.files[0]
    let bytes = try #require(memory.bytes(of: path))
    for place in bytes.indices {
      var flipped = bytes
      flipped[place] ^= 1
      memory.write(flipped, to: path)
      #expect(try cache.record(for: key) == nil, "byte \(place)")
      memory.write(Array(bytes[..<place]), to: path)
      #expect(try cache.record(for: key) == nil, "length \(place)")
    }
    try cache.save(record, for: key)
    #expect(try cache.record(for: key) != nil)
  }
}
