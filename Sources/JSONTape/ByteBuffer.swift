import Glibc

/// A growable run of bytes, reused between records: `removeAll` keeps the memory.
///
/// At least ``JSONParser/padding`` bytes past the last one can be read (their content is undefined), so that the
/// bytes can be parsed where they are. What is appended must not be a slice of the buffer itself.
public final class ByteBuffer {
  /// Kept behind a pointer: a class's own stored properties would cost an exclusivity check at each access.
  @usableFromInline
  struct State {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @usableFromInline var count: Int
    @usableFromInline var capacity: Int
  }

  @usableFromInline
  let state: UnsafeMutablePointer<State>

  /// - Parameter capacity: bytes that fit before the first growth.
  public init(capacity: Int = 4096) {
    precondition(capacity >= 0, "negative capacity")
    state = .allocate(capacity: 1)
    state.initialize(
      to: State(base: Self.resized(nil, capacity: capacity), count: 0, capacity: capacity))
  }

  deinit {
    free(state.pointee.base)
    state.deallocate()
  }

  @inlinable
  public var count: Int { state.pointee.count }

  /// Bytes that fit without growth.
  public var capacity: Int { state.pointee.capacity }

  /// Everything appended so far; valid until the next append, and while the buffer lives.
  @inlinable
  public var bytes: ByteSlice {
    ByteSlice(UnsafeBufferPointer(start: state.pointee.base, count: state.pointee.count))
  }

  /// The bytes of `range`; valid as long as ``bytes``.
  @inlinable
  public func slice(_ range: Range<Int>) -> ByteSlice { bytes[range] }

  @inlinable
  public func removeAll() { state.pointee.count = 0 }

  /// Forgets what follows the first `count` bytes.
  public func truncate(to count: Int) {
    precondition(count >= 0 && count <= state.pointee.count, "truncation to more bytes than there are")
    state.pointee.count = count
  }

  /// Makes room, so that `additional` more bytes can be appended without moving the memory.
  @inlinable
  public func reserve(_ additional: Int) {
    if state.pointee.capacity - state.pointee.count < additional { grow(additional) }
  }

  /// From here on a buffer grows by a quarter instead of doubling: its memory is moved without being copied, and what
  /// is never used is not much.
  private static let largeCapacity = 4 << 20

  @usableFromInline
  func grow(_ additional: Int) {
    precondition(additional >= 0, "negative room")
    let old = state.pointee.capacity
    let capacity = max(old + (old < Self.largeCapacity ? old : old / 4), state.pointee.count + additional)
    state.pointee.base = Self.resized(state.pointee.base, capacity: capacity)
    state.pointee.capacity = capacity
  }

  private static func resized(_ base: UnsafeMutablePointer<UInt8>?, capacity: Int) -> UnsafeMutablePointer<UInt8> {
    guard let moved = realloc(base, capacity + JSONParser.padding) else {
      fatalError("no memory for a buffer of \(capacity) bytes")
    }
    return moved.assumingMemoryBound(to: UInt8.self)
  }
}

extension ByteBuffer {
  @inlinable
  public func append(_ byte: UInt8) {
    reserve(1)
    state.pointee.base[state.pointee.count] = byte
    state.pointee.count += 1
  }

  @inlinable
  public func append(_ bytes: ByteSlice) { append(bytes.raw) }

  @inlinable
  public func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress else { return }
    reserve(bytes.count)
    UnsafeMutableRawPointer(state.pointee.base + state.pointee.count).copyMemory(
      from: source, byteCount: bytes.count)
    state.pointee.count += bytes.count
  }

  @inlinable
  public func append(_ text: StaticString) { append(text.rawBytes) }

  /// Appends the UTF-8 of `text`.
  @_disfavoredOverload  // a literal is a StaticString
  public func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends `value` in decimal digits, `-` before a negative one.
  public func appendDecimal(_ value: Int64) {
    if value < 0 { append(UInt8(ascii: "-")) }
    appendDigits(value.magnitude)
  }

  /// Appends `value` in decimal digits.
  func appendDigits(_ value: UInt64) {
    var digits = 1
    var rest = value / 10
    while rest > 0 {
      digits += 1
      rest /= 10
    }
    reserve(digits)
    let end = state.pointee.base + state.pointee.count + digits
    rest = value
    for place in 1...digits {
      end[-place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    state.pointee.count += digits
  }

  /// Room for `count` bytes; `fill` returns how many of them it wrote, from the first on.
  public func append(count: Int, _ fill: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows {
    reserve(count)
    let room = UnsafeMutableRawBufferPointer(start: state.pointee.base + state.pointee.count, count: count)
    let written = try fill(room)
    precondition(written >= 0 && written <= count, "more bytes written than there was room for")
    state.pointee.count += written
  }
}
