import JSONTape
import Receipts

/// What the first record of a log looks like, for a proposal of its mapping.
struct RecordSketch {
  /// Where records are in a document; "" is the document, nil: the log is lines.
  var records: String?
  /// Pointers with the type of what they lead to, in the record's order.
  var fields: [(pointer: String, type: String)]
  /// Whether a record has anything that a run came to. Inputs of a benchmark have not.
  private(set) var isLikely = false
  /// Pointers to messages as Anthropic's API has them: calls and their results are blocks of a content.
  private(set) var anthropicMessages: Set<String> = []

  /// Members that hold a document's records, by the names that such members have.
  private static let listNames = [
    "results", "runs", "records", "samples", "examples", "evaluations", "trajectories", "items", "data",
  ]
  private static let maximumDepth = 3
  private static let maximumFields = 40

  /// nil: no record in it, or a document that does not look like a log.
  init?(_ group: LogSurvey.Group) {
    guard let sample = group.sample else { return nil }
    guard let (records, record) = Self.record(in: sample, isLine: group.isLines), record.object != nil else {
      return nil
    }
    self.records = records
    fields = []
    collect(record, at: "", depth: 0)
    if fields.isEmpty { return nil }
    isLikely = ["text", "messages", "score", "verdict"].contains { guess($0) != nil }
    // One object in a .json is a settings file more often than a run.
    if records == "", !isLikely { return nil }
  }

  private static func record(in sample: JSON, isLine: Bool) -> (records: String?, record: JSON)? {
    if isLine { return (nil, sample) }
    if let elements = sample.array { return elements.first.map { ("/*", $0) } }
    for name in listNames {
      if let first = sample[name]?.array?.first, first.object != nil { return ("/\(name)/*", first) }
    }
    return ("", sample)
  }

  private mutating func collect(_ value: JSON, at pointer: String, depth: Int) {
    guard fields.count < Self.maximumFields else { return }
    if let members = value.object, depth < Self.maximumDepth, !members.isEmpty {
      for (key, member) in members { collect(member, at: "\(pointer)/\(Self.escape(key))", depth: depth + 1) }
    } else if !pointer.isEmpty {
      fields.append((pointer, Self.type(value)))
      if Self.hasToolBlocks(value) { anthropicMessages.insert(pointer) }
    }
  }

  private static func escape(_ key: String) -> String {
    key.unicodeScalars.reduce(into: "") { text, scalar in
      switch scalar {
      case "~": text += "~0"
      case "/": text += "~1"
      default: text.unicodeScalars.append(scalar)
      }
    }
  }

  private static func type(_ value: JSON) -> String {
    switch value {
    case .null: "null"
    case .bool: "boolean"
    case .integer, .double: "number"
    case .string(let text): Timestamp(rfc3339: text) == nil ? "text" : "time"
    case .object: "object"
    case .array(let values):
      if let first = values.first?.object {
        first["role"] != nil ? "messages" : "list of objects"
      } else {
        values.first.map { "list of \(type($0))s" } ?? "empty list"
      }
    }
  }

  private static func hasToolBlocks(_ messages: JSON) -> Bool {
    (messages.array ?? []).contains { message in
      message.list("content").contains { ["tool_use", "tool_result"].contains($0.text("type")) }
    }
  }

  // MARK: Guesses

  /// What the members that fill an evidence field are called in logs, the likeliest first.
  static let words: [String: [String]] = [
    "run_id": ["run_id", "id", "uuid", "trace_id", "session_id", "conversation_id", "request_id"],
    "task_id": ["task_id", "task", "problem_id", "question_id", "instance_id", "file"],
    "timestamp": ["timestamp", "ts", "created_at", "time", "when", "at", "started_at", "date", "datetime"],
    "model_name": ["model_name", "model", "engine"],
    "prompt": ["prompt", "instruction", "question", "input", "query"],
    "text": ["text", "response", "output", "completion", "answer", "review", "summary", "content", "message"],
    "score": ["score", "reward", "rating", "grade"],
    "verdict": ["verdict", "passed", "success", "correct", "status", "outcome", "resolved"],
    "messages": ["messages", "traj", "trajectory", "conversation", "history", "turns"],
    "source_files": ["source_files", "files", "file"],
  ]

  /// The shallowest pointer whose last name is one of `words`, earlier words first; only with a type in `types`, if
  /// given.
  func guess(_ words: [String], types: Set<String>? = nil) -> (pointer: String, type: String)? {
    for depth in 1...Self.maximumDepth {
      for word in words {
        let found = fields.first { field in
          field.pointer.utf8.count { $0 == UInt8(ascii: "/") } == depth && field.pointer.hasSuffix("/\(word)")
            && types?.contains(field.type) ?? true
        }
        if let found { return found }
      }
    }
    return nil
  }

  func guess(_ field: String, types: Set<String>? = nil) -> (pointer: String, type: String)? {
    guess(Self.words[field] ?? [], types: types)
  }
}
