import Glibc
import JSONTape
import ReceiptsTesting
import SystemPackage
import Testing

@testable import Receipts

/// Inputs of actions that are read where they lie.
@Suite("Mapped inputs")
struct MappedInputTests {
  private static let size = MappedInput.leastSize

  private let folder = TemporaryFolder()
  private let catalog = ContentCatalog()
  private var path: FilePath { folder.path.appending("data.jsonl") }
  private var inputs: BuildInputs {
    let fileSystem = LocalFileSystem()
    return BuildInputs(
      fileSystem: fileSystem, store: DirectoryObjectStore(fileSystem: fileSystem, root: folder.path), catalog: catalog)
  }

  /// A file of three parts, the second of which is put into the catalog and is what is returned.
  private func input(
    of size: Int = MappedInputTests.size, isCopy: Bool = false, isPublished: Bool = true,
    trust: (FileStatus) -> FileSlice.Trust = { .unchanged($0) }
  ) throws -> (input: ActionInput, bytes: [UInt8]) {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    try LocalFileSystem().replace(path, with: Array("before".utf8) + bytes + Array("behind".utf8))
    let status = try #require(try LocalFileSystem().status(of: path, followingLinks: true))
    let digest = Digest.of(bytes)
    catalog.add(
      digest,
      FileSlice(
        path: path, name: "data.jsonl", offset: 6, byteCount: size, trust: trust(status), isCopy: isCopy,
        isPublished: isPublished))
    return (ActionInput(name: "rows", digest: digest, byteCount: size), bytes)
  }

  /// Adds a byte and takes it away again.
  private func touch() throws {
    let file = try LocalFileSystem().append(to: path)
    try [UInt8(0)].withUnsafeBytes { try file.write($0) }
    try file.close()
    try #require(truncate(path.string, off_t(Self.size + 12)) == 0)
  }

  @Test("are the bytes of the range, with what the parser reads behind them")
  func bytes() throws {
    for size in [Self.size, Self.size + 1, Self.size + 4090] {
      let (input, bytes) = try input(of: size)
      let mapped = try #require(try inputs.map(input))
      withExtendedLifetime(mapped) {
        #expect(mapped.bytes.buffer.elementsEqual(bytes))
        let behind = UnsafeRawBufferPointer(start: mapped.bytes.raw.baseAddress! + size, count: JSONParser.padding)
        // What follows in the file where that is in the same page.
        #expect(behind.allSatisfy { $0 == 0 || "behind".utf8.contains($0) })
      }
      let loaded = try Worker().load([input], from: inputs)
      #expect(try loaded.whileTheyStay { loaded.bytes["rows"]?.count } == size)
    }
  }

  @Test("are none of these: logs, small ones, what is not trusted, what is not as it was, what is too short or gone")
  func copied() throws {
    #expect(try inputs.map(input(isPublished: false).input) == nil)
    #expect(try inputs.map(input(of: Self.size - 1).input) == nil)
    #expect(try inputs.map(input(isCopy: true, trust: { _ in .none }).input) == nil)
    let (changed, bytes) = try input(isCopy: true)
    try touch()
    #expect(try inputs.map(changed) == nil)
    // Copied and hashed, it is what it should be.
    let worker = Worker()
    let loaded = try worker.load([changed], from: inputs)
    withExtendedLifetime(worker) {
      #expect(loaded.bytes["rows"]?.buffer.elementsEqual(bytes) ?? false)
    }
    let (short, _) = try input(isCopy: true, trust: { _ in .written })
    #expect(truncate(path.string, off_t(Self.size + 5)) == 0)
    #expect(try inputs.map(short) == nil)
    try LocalFileSystem().remove(path)
    #expect(try inputs.map(short) == nil)
  }

  @Test("that are touched while they are read give nothing, whatever was made of them")
  func touched() throws {
    for fails in [false, true] {
      func read(_ input: ActionInput) throws {
        let loaded = try Worker().load([input], from: inputs)
        try loaded.whileTheyStay {
          try touch()
          if fails { throw Refused() }
        }
      }
      let published = try input().input
      #expect(throws: InputMoved.self) { try read(published) }
      let copy = try input(isCopy: true).input
      #expect(throws: MissingObject.self) { try read(copy) }
      #expect(catalog.slice(copy.digest) == nil)
    }
  }

  @Test("that are shortened while they are read give nothing, and the process lives")
  func shortened() throws {
    let (input, _) = try input(isCopy: true, trust: { _ in .written })
    let loaded = try Worker().load([input], from: inputs)
    #expect(throws: MissingObject.self) {
      try loaded.whileTheyStay {
        #expect(truncate(path.string, 10) == 0)
        #expect(loaded.bytes["rows"]?[Self.size - 1] == 0)
      }
    }
    #expect(catalog.slice(input.digest) == nil)
  }

  @Test("what fails over sound ones fails as it did")
  func failure() throws {
    let loaded = try Worker().load([try input().input], from: inputs)
    #expect(throws: Refused.self) { try loaded.whileTheyStay { throw Refused() } }
  }
}

private struct Refused: Error {}
