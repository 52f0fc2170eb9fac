import JSONTape
import Synchronization

/// When what ran, and on which thread: for whoever asks where the time of a build went.
public final class BuildTrace: Sendable {
  /// A span of time.
  struct Event {
    var name: String
    /// `stage`, `action` or `publish`.
    var category: String
    /// 0: the thread of the build; from 1 on its workers; `publisher`.
    var thread: Int
    /// Nanoseconds of the monotonic clock.
    var start: UInt64
    var end: UInt64
    var facts: JSONObject
  }

  /// The thread that publishes, of which there is one at a time.
  static let publisher = -1

  private let events = Mutex<[Event]>([])

  public init() {}

  func add(_ event: Event) {
    events.withLock { $0.append(event) }
  }

  /// The events as Chrome's Trace Event Format has them: complete events (`"ph":"X"`), times in microseconds since the
  /// first one began. `chrome://tracing` and Perfetto show such a file.
  public var chrome: JSON {
    let events = events.withLock { $0 }.sorted { ($0.start, $0.thread) < ($1.start, $1.thread) }
    let first = events.first?.start ?? 0
    return [
      "displayTimeUnit": "ms",
      "traceEvents": .array(
        events.map { event in
          [
            "name": .string(event.name), "cat": .string(event.category), "ph": "X", "pid": 1,
            "tid": .integer(Int64(event.thread)), "ts": .double(Double(event.start - first) / 1000),
            "dur": .double(Double(event.end - event.start) / 1000), "args": .object(event.facts),
          ]
        }),
    ]
  }
}
