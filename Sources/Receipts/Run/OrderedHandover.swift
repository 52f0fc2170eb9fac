import Glibc

/// Takes what threads finish, in the order of its numbers, whatever order they finish in.
///
/// One thread at a time takes; the others leave what they have and go on, as long as no more than `room` things wait.
final class OrderedHandover<Item>: @unchecked Sendable {
  // All state is only touched while `mutex` is held.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
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
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// - Throws: what `take` threw, here or on another thread, or what `fail` was told.
  func hand(_ number: Int, _ item: Item) throws {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while failure == nil, number != next, waiting.count >= room { pthread_cond_wait(changed, mutex) }
    if let failure { throw failure }
    waiting[number] = item
    guard !isTaking else { return }
    isTaking = true
    defer { isTaking = false }
    while let item = waiting.removeValue(forKey: next) {
      let number = next
      pthread_mutex_unlock(mutex)
      let outcome = Result { try take(number, item) }
      pthread_mutex_lock(mutex)
      if case .failure(let error) = outcome { failure = error }
      next += 1
      pthread_cond_broadcast(changed)
      if let failure { throw failure }
    }
  }

  /// A number will never come: whoever waits for it is told why.
  func fail(_ error: any Error) {
    pthread_mutex_lock(mutex)
    failure = failure ?? error
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }
}
