/// Takes what threads finish, in the order of its numbers, whatever order they finish in.
///
/// One thread at a time takes; the others leave what they have and go on, as long as no more than `room` things wait.
final class OrderedHandover<Item>: @unchecked Sendable {
  // All state is only touched while `monitor` is locked.
  private let monitor = Monitor()
  private let room: Int
  private let take: (Int, Item) throws -> Void
  private var next = 0
  private var waiting: [Int: Item] = [:]
  private var isTaking = false
  private var failure: (any Error)?

  /// - Parameter take: gets number 0, 1, …, each on the thread of one that hands over, never two at once.
  init(room: Int, take: @escaping (Int, Item) throws -> Void) {
    self.room = room
    self.take = take
  }

  /// - Throws: what `take` threw, here or on another thread, or what `fail` was told.
  func hand(_ number: Int, _ item: Item) throws {
    monitor.lock()
    defer { monitor.unlock() }
    while failure == nil, number != next, waiting.count >= room { monitor.wait() }
    if let failure { throw failure }
    waiting[number] = item
    guard !isTaking else { return }
    isTaking = true
    defer { isTaking = false }
    while let item = waiting.removeValue(forKey: next) {
      let number = next
      monitor.unlock()
      let outcome = Result { try take(number, item) }
      monitor.lock()
      if case .failure(let error) = outcome { failure = error }
      next += 1
      monitor.tellAll()
      if let failure { throw failure }
    }
  }

  /// A number will never come: whoever waits for it is told why.
  func fail(_ error: any Error) {
    monitor.withLock {
      failure = failure ?? error
      monitor.tellAll()
    }
  }
}
