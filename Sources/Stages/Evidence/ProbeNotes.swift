/// Which probes of a part were looked for in an object and found in its record.
///
/// The notes are kept behind a pointer: a class's own stored properties would cost an exclusivity check at each access.
final class ProbeNotes {
  private struct State {
    var flags: UnsafeMutablePointer<UInt8>
    var count = 0
    var capacity: Int
  }

  private let state: UnsafeMutablePointer<State>

  private static let found: UInt8 = 1
  private static let lookedFor: UInt8 = 2

  init() {
    state = .allocate(capacity: 1)
    state.initialize(to: State(flags: .allocate(capacity: 64), capacity: 64))
  }

  deinit {
    state.pointee.flags.deallocate()
    state.deallocate()
  }

  /// A record begins: `count` probes, none of them found.
  func begin(count: Int) {
    if count > state.pointee.capacity {
      state.pointee.flags.deallocate()
      state.pointee.flags = .allocate(capacity: count)
      state.pointee.capacity = count
    }
    state.pointee.count = count
    state.pointee.flags.initialize(repeating: 0, count: count)
  }

  /// An object of the record begins: none was looked for in it.
  func beginObject() {
    for probe in 0..<state.pointee.count { state.pointee.flags[probe] &= Self.found }
  }

  /// - Parameter probe: -1, or one past the part's own: nothing is noted.
  func note(_ probe: Int, found isFound: Bool) {
    guard probe >= 0, probe < state.pointee.count else { return }
    state.pointee.flags[probe] |= Self.lookedFor | (isFound ? Self.found : 0)
  }

  var count: Int { state.pointee.count }

  func isFound(_ probe: Int) -> Bool { flags(probe) & Self.found != 0 }

  /// Neither found in the record nor looked for in the object.
  func isOpen(_ probe: Int) -> Bool { flags(probe) == 0 }

  private func flags(_ probe: Int) -> UInt8 {
    precondition(probe >= 0 && probe < state.pointee.count, "there is no such probe")
    return state.pointee.flags[probe]
  }
}
