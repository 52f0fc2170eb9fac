import Glibc
import Synchronization

/// Runs `body` over `items` on up to `jobs` threads. One of them is the caller's where that is such a thread itself;
/// else it waits.
///
/// The threads have stacks of 16 MiB, so that deeply nested data is no danger in them.
/// After an error no further item is begun; what runs is finished.
///
/// - Parameters:
///   - jobs: at least one thread is used.
///   - body: gets the item's index and the item.
/// - Returns: the results in the order of the items.
/// - Throws: the error of the first item (by index) among those that failed.
public func parallelMap<Item: Sendable, Result: Sendable>(
  _ items: [Item], jobs: Int, _ body: @Sendable (Int, Item) throws -> Result
) throws -> [Result] {
  if items.isEmpty { return [] }
  return try withoutActuallyEscaping(body) { body in
    let work = ParallelWork(items: items, body: body)
    try runThreads(min(max(jobs, 1), items.count), work)
    return try work.results()
  }
}

/// What the threads of one `parallelMap` share. A class without generics above it, so that a C function can call it.
private class ThreadWork: @unchecked Sendable {
  func run() {}
}

private final class ParallelWork<Item: Sendable, Result: Sendable>: ThreadWork, @unchecked Sendable {
  private let items: [Item]
  private let body: @Sendable (Int, Item) throws -> Result
  private let next = Atomic<Int>(0)
  private let stopped = Atomic<Bool>(false)
  private let failure = Mutex<(index: Int, error: any Error)?>(nil)
  /// Each slot is written once, by the thread that took the index, and read after all threads are joined.
  private let slots: UnsafeMutableBufferPointer<Result?>

  init(items: [Item], body: @escaping @Sendable (Int, Item) throws -> Result) {
    self.items = items
    self.body = body
    slots = .allocate(capacity: items.count)
    slots.initialize(repeating: nil)
  }

  deinit {
    slots.deinitialize()
    slots.deallocate()
  }

  override func run() {
    while !stopped.load(ordering: .relaxed) {
      if next.load(ordering: .relaxed) >= items.count { return }
      let index = next.add(1, ordering: .relaxed).oldValue
      guard index < items.count else { return }
      do {
        slots[index] = try body(index, items[index])
      } catch {
        stopped.store(true, ordering: .relaxed)
        failure.withLock { first in
          if first.map({ index < $0.index }) ?? true { first = (index, error) }
        }
      }
    }
  }

  func results() throws -> [Result] {
    if let failure = failure.withLock({ $0 }) { throw failure.error }
    return slots.compactMap { $0 }
  }
}

/// Runs `helper` on a thread of its own while `body` runs here, and returns when both have ended. `body` is told
/// whether the system gave a thread; where it did not, `helper` does not run.
func withHelper<R>(_ helper: @escaping @Sendable () -> Void, _ body: (_ isThere: Bool) throws -> R) rethrows -> R {
  let thread = HelperThread(helper)
  defer { thread?.join() }
  return try body(thread != nil)
}

/// A thread beside those of `parallelMap`, like them, which somebody joins.
final class HelperThread {
  private let work: ThreadWork
  private let thread: pthread_t

  /// nil: the system gives none.
  init?(_ body: @escaping @Sendable () -> Void) {
    work = ClosureWork(body)
    guard let thread = startThread(work) else { return nil }
    self.thread = thread
  }

  /// Returns when the body has ended; once.
  func join() { pthread_join(thread, nil) }
}

private final class ClosureWork: ThreadWork, @unchecked Sendable {
  private let body: @Sendable () -> Void

  init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  override func run() { body() }
}

/// Runs `body` on a thread like those of `parallelMap`, and returns when it has ended.
public func onWorkerThread(_ body: @escaping @Sendable () -> Void) {
  let work = ClosureWork(body)
  guard let thread = startThread(work) else { return body() }
  pthread_join(thread, nil)
  withExtendedLifetime(work) {}
}

/// Returns when `count` threads have run `work` to its end. With fewer, where the system refuses more; with none it
/// throws.
private func runThreads(_ count: Int, _ work: ThreadWork) throws {
  // Of two threads that are started at once, Linux may put both on one processor, and leave them there for some 30 ms.
  let isOwn = pthread_getspecific(ownThread) != nil
  var threads: [pthread_t] = []
  while threads.count < (isOwn ? count - 1 : count), let thread = startThread(work) { threads.append(thread) }
  if isOwn {
    work.run()
  } else if threads.isEmpty {
    throw DistillError(
      .internalFault, "the system gives no thread", hint: "Allow this user more processes (ulimit -u) or memory.")
  }
  for thread in threads { pthread_join(thread, nil) }
  withExtendedLifetime(work) {}
}

/// nil: the system refuses it. The caller keeps `work` alive until the thread is joined.
private func startThread(_ work: ThreadWork) -> pthread_t? {
  var attributes = pthread_attr_t()
  pthread_attr_init(&attributes)
  defer { pthread_attr_destroy(&attributes) }
  pthread_attr_setstacksize(&attributes, 16 << 20)
  var thread = pthread_t()
  let code = pthread_create(
    &thread, &attributes,
    { argument in
      pthread_setspecific(ownThread, argument)
      Unmanaged<ThreadWork>.fromOpaque(argument!).takeUnretainedValue().run()
      return nil
    }, Unmanaged.passUnretained(work).toOpaque())
  return code == 0 ? thread : nil
}

/// Of a thread that was started here, something; of others nothing.
private let ownThread: pthread_key_t = {
  var key = pthread_key_t()
  precondition(pthread_key_create(&key, nil) == 0, "the system has no key for threads left")
  return key
}()
