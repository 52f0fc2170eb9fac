import Synchronization

/// A value that a thread of its own works out, beside what else goes on until somebody wants it.
public final class Pending<Value: Sendable>: Sendable {
  private let work: Work
  private let thread: Mutex<HelperThread?>

  /// One that is there.
  public init(_ value: Value) {
    work = Work(.done(.success(value)))
    thread = Mutex(nil)
  }

  /// - Parameter body: runs once; where the system gives no thread, on that of whoever wants the value first.
  public init(_ body: @escaping @Sendable () throws -> Value) {
    let work = Work(.waiting(body))
    self.work = work
    thread = Mutex(HelperThread { _ = work.result })
  }

  deinit { thread.withLock { $0?.join() } }

  /// - Throws: what the body threw.
  public func get() throws -> Value { try work.result.get() }

  private final class Work: Sendable {
    enum State {
      case waiting(@Sendable () throws -> Value)
      case done(Result<Value, any Error>)
    }

    // Held while the body runs, so whoever wants the value waits.
    private let state: Mutex<State>

    init(_ state: State) { self.state = Mutex(state) }

    var result: Result<Value, any Error> {
      state.withLock { state in
        switch state {
        case .done(let result): return result
        case .waiting(let body):
          let result = Result { try body() }
          state = .done(result)
          return result
        }
      }
    }
  }
}
