import Glibc

/// Lends each thread an item of its own, made when there is no free one.
final class Shelf<Item>: @unchecked Sendable {
  // An item is only ever in the shelf or with the one thread that took it.
  private var free: [Item] = []
  private let make: @Sendable () -> Item
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init(_ make: @escaping @Sendable () -> Item) {
    self.make = make
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func use<Result>(_ body: (Item) throws -> Result) rethrows -> Result {
    let item = locked { free.popLast() } ?? make()
    defer { locked { free.append(item) } }
    return try body(item)
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }
}
