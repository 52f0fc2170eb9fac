import CJQ
import CJQGuard
import Glibc
import JSONTape
import Receipts

/// A jq program, compiled once and run on many records. Lives on one thread.
///
/// It sees the record and nothing else (see `JQPrelude`), and has a limit of output, of processor time and of memory.
public final class JQProgram {
  /// Objects, and bytes of JSON text, that one record may become.
  static let maximumOutputs = 100_000
  static let maximumOutputBytes = 256 << 20

  private var state: OpaquePointer?
  private let output = ByteBuffer(capacity: 4096)
  private let timeLimit: Double
  private let memoryLimit: Int
  /// Of the record, as a C text.
  private let place = ByteBuffer(capacity: 128)

  /// - Throws: `.data` if the program does not compile, or names what no program may use.
  public convenience init(_ text: String) throws(DistillError) {
    try self.init(text, timeLimit: 20)
  }

  /// - Parameters:
  ///   - timeLimit: seconds of processor time a record; libjq can neither be stopped nor count its steps.
  ///   - memoryLimit: bytes by which the process may grow for a record.
  init(_ text: String, timeLimit: Double, memoryLimit: Int = 2 << 30) throws(DistillError) {
    self.timeLimit = timeLimit
    self.memoryLimit = memoryLimit
    if let word = JQTokens.firstRefused(in: text) {
      throw DistillError(
        .data, "the jq program uses \(word), which is not allowed: a result may depend on the record alone")
    }
    guard !text.utf8.contains(0) else { throw DistillError(.data, "the jq program has a NUL character") }
    guard let state = jq_init() else { throw DistillError(.internalFault, "libjq does not start") }
    self.state = state
    cjqguard_prepare(state)
    let messages = JQMessages()
    let reference = Unmanaged.passUnretained(messages).toOpaque()
    jq_set_error_cb(
      state,
      { reference, message in
        guard let reference else { return jv_free(message) }
        Unmanaged<JQMessages>.fromOpaque(reference).takeUnretainedValue().add(message)
      }, reference)
    let compiled = jq_compile(state, JQPrelude.text + text)
    jq_set_error_cb(state, { _, message in jv_free(message) }, nil)
    guard compiled != 0 else {
      // Behind its first line libjq repeats the program, with the prelude in front of it.
      let reason = messages.text.split(separator: "\n").first.map(String.init) ?? "no reason is given"
      throw DistillError(.data, "the jq program does not compile: \(reason)")
    }
  }

  deinit { jq_teardown(&state) }

  /// Compiles a program and forgets it.
  public static func check(_ text: String) throws(DistillError) { _ = try JQProgram(text) }

  /// libjq puts the definitions of `~/.jq` before every program and has no switch for it. Asked before actions run,
  /// which see nothing of the machine.
  static func refuseHomeDefinitions() throws(DistillError) {
    guard let home = getenv("HOME") else { return }
    let path = String(cString: home) + "/.jq"
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
    throw DistillError(
      .data, "libjq would mix the definitions of ~/.jq into the jq programs of this build",
      hint: "move ~/.jq away while you build, or set HOME to a folder without one")
  }

  /// Runs the program on a record.
  /// - Parameter parser: for the outputs; each value is valid while `body` runs.
  func run(
    _ record: JSONValue, scope: RecordScope, parser: JSONParser,
    _ body: (JSONValue) throws(RecordViolation) -> Void
  ) throws(RecordViolation) {
    var count = 0
    var bytes = 0
    let watched = try start(record, scope: scope)
    defer { Watchdog.end(watched) }
    while try next() {
      count += 1
      bytes += output.count
      guard count <= Self.maximumOutputs, bytes <= Self.maximumOutputBytes else {
        throw RecordViolation(
          .schemaViolation, "jq: the program gives more than 100,000 objects or 256 MiB for a record")
      }
      try body(try parse(with: parser))
    }
  }

  /// The first output; nil: there is none. Valid until `parser` parses again.
  func first(_ record: JSONValue, scope: RecordScope, parser: JSONParser) throws(RecordViolation) -> JSONValue? {
    let watched = try start(record, scope: scope)
    defer { Watchdog.end(watched) }
    guard try next() else { return nil }
    return try parse(with: parser)
  }

  /// - Returns: the watchdog's number of the run.
  private func start(_ record: JSONValue, scope: RecordScope) throws(RecordViolation) -> Int {
    let value = try JQValue.make(record, hiding: scope.hidden)
    let (path, line, timeLimit, memoryLimit) = (scope.path, scope.line, timeLimit, memoryLimit)
    place.removeAll()
    place.append(path)
    place.append(", record ")
    place.appendDecimal(Int64(line))
    place.append(0)
    guard withPlace({ cjqguard_start(state, value, $0) }) else { throw Self.brokenAssertion }
    return Watchdog.begin(limit: timeLimit, memoryLimit: memoryLimit) { excess in
      switch excess {
      case .time:
        "\(path), record \(line): the jq program took more than \(timeLimit) s of processor time for this record\n"
          + "  does it loop without an end? limit it, or leave the record out with select(…)"
      case .memory:
        "\(path), record \(line): the jq program took more than \(memoryLimit >> 20) MiB of memory for this record\n"
          + "  does it make values without an end? limit it, or leave the record out with select(…)"
      }
    }
  }

  private func withPlace(_ body: (UnsafePointer<CChar>) -> CInt) -> Bool {
    let bytes = place.bytes.buffer
    return bytes.baseAddress!.withMemoryRebound(to: CChar.self, capacity: bytes.count) { body($0) } != 0
  }

  private static var brokenAssertion: RecordViolation {
    RecordViolation(.schemaViolation, "jq: libjq 1.6 can't do this: \(String(cString: cjqguard_assertion()))")
  }

  /// Puts the next output's text into `output`; false: the program has ended.
  private func next() throws(RecordViolation) -> Bool {
    var value = jv()
    guard withPlace({ cjqguard_next(state, &value, $0) }) else { throw Self.brokenAssertion }
    guard jv_get_kind(value) == JV_KIND_INVALID else {
      output.removeAll()
      JQValue.take(value) { output.append($0) }
      return true
    }
    let message = jv_invalid_get_msg(value)
    switch jv_get_kind(message) {
    case JV_KIND_NULL:
      jv_free(message)
      return false
    case JV_KIND_STRING: throw Self.failure(JQValue.text(message))
    default: throw Self.failure(JQValue.text(jv_dump_string(message, 0)))
    }
  }

  private static func failure(_ message: String) -> RecordViolation {
    RecordViolation(.schemaViolation, "jq: \(message.count > 200 ? message.prefix(200) + "…" : message)")
  }

  private func parse(with parser: JSONParser) throws(RecordViolation) -> JSONValue {
    do throws(JSONError) {
      return try parser.parse(output.bytes)
    } catch {
      throw RecordViolation(.schemaViolation, "jq: the program's output is not JSON: \(error.reason)")
    }
  }
}

/// What libjq says while it compiles.
private final class JQMessages {
  private var lines: [String] = []

  func add(_ message: jv) {
    let line = JQValue.text(jq_format_error(message))
    lines.append(line.hasPrefix("jq: error: ") ? String(line.dropFirst(11)) : line)
  }

  /// The first lines; the last one only counts the errors.
  var text: String {
    let told = lines.filter { !$0.hasPrefix("jq: ") }
    return told.isEmpty ? "no reason given" : told.joined(separator: "; ")
  }
}

/// A program that fills one field. Its value lives until the next record.
final class JQField {
  private let program: JQProgram
  private let parser = JSONParser()

  init(_ program: JQProgram) { self.program = program }

  /// The first output; nil: there is none.
  func first(_ record: JSONValue, scope: RecordScope, field: String) throws(RecordViolation) -> JSONValue? {
    do throws(RecordViolation) {
      return try program.first(record, scope: scope, parser: parser)
    } catch {
      throw RecordViolation(error.reason, "\(field): \(error.message)")
    }
  }
}
