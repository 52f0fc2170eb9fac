import CSimdJSON

/// Sorts the keys of objects by their UTF-16 code units, as RFC 8785 wants, and finds those that come twice.
///
/// The runs of nested objects lie on one stack, whose memory is reused.
final class KeyOrder {
  struct Entry: BitwiseCopyable {
    /// The first eight bytes of the key, the first one the most significant; zeros behind a shorter key.
    var prefix: UInt64
    /// Of the key's word on the tape.
    var index: Int
  }

  private var entries = TapeStorage<Entry>()

  /// Pushes the keys of an object, sorted; equal ones stay in the order of the text.
  /// - Returns: the place of the first and the one past the last, for ``entry(at:)``.
  func push(_ object: JSONValue) throws(JSONError) -> Range<Int> {
    let tape = object.tape
    let start = entries.count
    var members = object.members
    while members.words.lowerBound < members.words.upperBound {
      let index = members.words.lowerBound
      entries.append(Entry(prefix: Self.prefix(of: tape.pointee.string(at: index)), index: index))
      _ = members.next()
    }
    let run = UnsafeMutableBufferPointer(start: entries.base + start, count: entries.count - start)
    Self.sort(run, tape)
    if run.count > 1 {
      for place in 1..<run.count where run[place - 1].prefix == run[place].prefix {
        let key = tape.pointee.string(at: run[place].index)
        if key == tape.pointee.string(at: run[place - 1].index) {
          entries.removeLast(entries.count - start)
          throw JSONError(
            reason: "duplicate key \(Self.quoted(key))", offset: Int(tape.pointee.positions[run[place].index]))
        }
      }
    }
    return start..<start + run.count
  }

  func entry(at place: Int) -> Entry { entries.base[place] }

  /// Forgets what was pushed last.
  func pop(_ run: Range<Int>) { entries.removeLast(run.count) }

  /// Forgets everything.
  func removeAll() { entries.removeAll() }

  /// The key in quotes, cut after 60 characters.
  private static func quoted(_ key: ByteSlice) -> String {
    let output = ByteBuffer(capacity: 256)
    let text = key.string()
    output.appendQuoted(text.count > 60 ? text.prefix(60) + "…" : text)
    return output.bytes.string()
  }
}

// MARK: Sorting

extension KeyOrder {
  /// Strings on a tape are followed by enough bytes to load eight.
  @inline(__always)
  private static func prefix(of key: ByteSlice) -> UInt64 {
    guard let base = key.buffer.baseAddress, key.count > 0 else { return 0 }
    let word = UInt64(bigEndian: UnsafeRawPointer(base).loadUnaligned(as: UInt64.self))
    return key.count >= 8 ? word : word & ~(UInt64.max >> (8 * UInt64(key.count)))
  }

  @inline(__always)
  private static func precedes(_ left: Entry, _ right: Entry, _ tape: UnsafePointer<csimdjson_tape>) -> Bool {
    // ASCII has the same order in bytes and in UTF-16.
    if left.prefix != right.prefix, (left.prefix | right.prefix) & 0x8080_8080_8080_8080 == 0 {
      return left.prefix < right.prefix
    }
    let order = TextOrder.compare(tape.pointee.string(at: left.index), tape.pointee.string(at: right.index))
    return order == 0 ? left.index < right.index : order < 0
  }

  /// Insertion for the few keys that most objects have, heapsort for many: the library's sort would allocate.
  private static func sort(_ run: UnsafeMutableBufferPointer<Entry>, _ tape: UnsafePointer<csimdjson_tape>) {
    guard run.count <= 24 else {
      heapSort(run, tape)
      return
    }
    var sorted = 1
    while sorted < run.count {
      let entry = run[sorted]
      var place = sorted
      while place > 0, precedes(entry, run[place - 1], tape) {
        run[place] = run[place - 1]
        place -= 1
      }
      run[place] = entry
      sorted += 1
    }
  }

  private static func heapSort(_ run: UnsafeMutableBufferPointer<Entry>, _ tape: UnsafePointer<csimdjson_tape>) {
    func sift(_ root: Int, _ count: Int) {
      var root = root
      while 2 * root + 1 < count {
        var child = 2 * root + 1
        if child + 1 < count, precedes(run[child], run[child + 1], tape) { child += 1 }
        guard precedes(run[root], run[child], tape) else { return }
        run.swapAt(root, child)
        root = child
      }
    }
    for root in (0..<run.count / 2).reversed() { sift(root, run.count) }
    for last in (1..<run.count).reversed() {
      run.swapAt(0, last)
      sift(0, last)
    }
  }
}
