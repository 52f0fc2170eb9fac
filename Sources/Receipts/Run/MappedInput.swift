import JSONTape
import SystemPackage

/// The inputs of an action in memory.
struct LoadedInputs {
  var bytes: [String: ByteSlice] = [:]
  private var mapped: [MappedInput] = []

  mutating func add(_ input: MappedInput) {
    bytes[input.name] = input.bytes
    mapped.append(input)
  }

  /// What `body` makes of the bytes. It counts only if they were left alone meanwhile; what it throws, too.
  ///
  /// - Throws: as `MappedInput.check`; else what `body` throws.
  func whileTheyStay<Value>(_ body: () throws -> Value) throws -> Value {
    let result = withExtendedLifetime(mapped) { Result { try body() } }
    for input in mapped { try input.check() }
    return try result.get()
  }
}

/// An input that lies in a file of this program's own, read where that is in the page cache: nothing is copied.
///
/// Logs are never mapped: their writers go on, and a parser needs bytes that hold still.
struct MappedInput {
  /// Bytes below which mapping costs more than a copy: some 10 µs, and what the other cores are asked to forget.
  static let leastSize = 256 << 10

  let name: String
  private let digest: Digest
  private let slice: FileSlice
  private let catalog: ContentCatalog
  private let file: any MappableFile
  private let mapping: FileMapping
  private let shrunkPages: Int

  /// nil: it is no such file, or not as it was when it was hashed.
  init?(_ input: ActionInput, _ slice: FileSlice, fileSystem: any FileSystem, catalog: ContentCatalog) {
    let range = slice.offset..<slice.offset + Int64(slice.byteCount)
    let shrunkPages = ShrunkFiles.pageCount
    guard slice.isCopy || slice.isPublished, let file = try? slice.open(in: fileSystem) as? any MappableFile,
      Self.isSound(slice, file), let mapping = try? file.map(range)
    else { return nil }
    name = input.name
    digest = input.digest
    self.slice = slice
    self.catalog = catalog
    self.file = file
    self.mapping = mapping
    self.shrunkPages = shrunkPages
  }

  /// Valid as long as this.
  var bytes: ByteSlice { mapping.bytes }

  /// - Throws: `MissingObject` or `InputMoved`, as if the file had been found changed: somebody touched it while it was
  ///   mapped.
  func check() throws {
    if Self.isSound(slice, file), ShrunkFiles.pageCount == shrunkPages { return }
    guard slice.isCopy else { throw InputMoved(name: slice.name) }
    catalog.remove([digest])
    throw MissingObject(digest: digest)
  }

  private static func isSound(_ slice: FileSlice, _ file: any ReadableFile) -> Bool {
    (try? slice.trust.holds(for: file)) ?? false
  }
}
