import JSONTape
import Receipts

/// A text that an expression came to.
enum FoundText {
  /// A string of the record or of a constant.
  case string(JSONValue)
  /// The token of a number there.
  case token(ByteSlice)
  /// A place in the scope's arena, which moves as it grows.
  case arena(Range<Int>)
}

/// What an expression came to.
enum FoundValue {
  /// Not there, or null.
  case absent
  case value(JSONValue)
  case text(FoundText)
}

/// Everything that expressions see while one record is mapped, and the memory in which they make texts.
final class RecordScope {
  let scratch: WorkerScratch
  let arena = ByteBuffer(capacity: 1 << 16)
  private(set) var path = ""
  private let fileNames = ByteBuffer(capacity: 256)
  private var pathRange = 0..<0
  private var stemRange = 0..<0
  private var captureRanges: [Range<Int>?] = []
  /// 0-based line or element.
  var line = 0
  private(set) var record: JSONValue?
  private(set) var root: JSONValue?
  /// What programs may not see of `record`.
  var hidden = HiddenPaths.none
  let probes = ProbeNotes()
  /// Look-ups that lacked a key of this object.
  private(set) var missing: Set<Int> = []

  init(scratch: WorkerScratch) { self.scratch = scratch }

  /// - Parameter captureNames: the slots that templates name.
  func beginFile(path: String, captures: JSONObject, captureNames: [String]) {
    self.path = path
    fileNames.removeAll()
    pathRange = keep(path)
    stemRange = keep(RelativePath(unchecked: path).stem)
    captureRanges.removeAll(keepingCapacity: true)
    for name in captureNames { captureRanges.append(captures[name]?.string.map(keep)) }
  }

  private func keep(_ text: String) -> Range<Int> {
    let start = fileNames.count
    fileNames.append(text)
    return start..<fileNames.count
  }

  var pathBytes: ByteSlice { fileNames.slice(pathRange) }
  var stemBytes: ByteSlice { fileNames.slice(stemRange) }

  /// nil: the file's pattern has no such capture.
  func capture(_ slot: Int) -> ByteSlice? { captureRanges[slot].map(fileNames.slice) }

  func beginRecord() { arena.removeAll() }

  func beginPart(probes count: Int) { probes.begin(count: count) }

  func beginObject(_ object: JSONValue, root: JSONValue) {
    record = object
    self.root = root
    if !missing.isEmpty { missing.removeAll(keepingCapacity: true) }
    probes.beginObject()
  }

  func start(of pointer: CompiledPointer) -> JSONValue? { pointer.isFromRoot ? root : record }

  /// Follows a pointer and notes what its probe came to.
  func find(_ pointer: CompiledPointer) -> JSONValue? {
    guard let start = start(of: pointer) else { return nil }
    let value = pointer.find(in: start)
    probes.note(pointer.probe, found: value != nil)
    return value
  }

  /// Follows a pointer whose null counts as absent.
  func findPresent(_ pointer: CompiledPointer) -> JSONValue? {
    guard let value = find(pointer), !value.isNull else { return nil }
    return value
  }

  /// - Parameter lookup: the slot of one that lacks a key.
  func noteMissing(_ lookup: Int) { missing.insert(lookup) }

  /// Valid until the arena grows.
  func bytes(of text: FoundText) -> ByteSlice {
    switch text {
    case .string(let value): value.string ?? .empty
    case .token(let token): token
    case .arena(let range): arena.slice(range)
    }
  }
}

extension JSONWriter {
  mutating func text(_ text: FoundText, in scope: RecordScope) {
    if case .string(let value) = text { string(value) } else { string(scope.bytes(of: text)) }
  }
}
