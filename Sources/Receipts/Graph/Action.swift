import JSONTape

/// A file that an action reads, known by its bytes alone.
public struct ActionInput: Sendable, Hashable {
  /// What the function calls it; unique in the action.
  public var name: String
  public var digest: Digest
  public var byteCount: Int

  public init(name: String, digest: Digest, byteCount: Int) {
    self.name = name
    self.digest = digest
    self.byteCount = byteCount
  }
}

/// A file that an action wrote.
public struct ActionOutput: Sendable, Hashable {
  public var name: String
  public var digest: Digest
  public var byteCount: Int
  /// Lines of a JSON Lines file, rows of a table.
  public var recordCount: Int

  public init(name: String, digest: Digest, byteCount: Int, recordCount: Int) {
    self.name = name
    self.digest = digest
    self.byteCount = byteCount
    self.recordCount = recordCount
  }
}

/// The unit of cached work: a named pure function of the bytes of its inputs and its parameters. It knows no path,
/// clock, environment or other file.
public struct Action: Sendable, Hashable {
  /// Name in a `FunctionTable`.
  public var function: String
  public var parameters: JSON
  /// The order is part of the action.
  public var inputs: [ActionInput]

  public init(function: String, parameters: JSON, inputs: [ActionInput]) {
    self.function = function
    self.parameters = parameters
    self.inputs = inputs
  }
}

/// What an action came to.
public struct ActionResult: Sendable, Hashable {
  /// In the order of the names' bytes.
  public var outputs: [ActionOutput]
  /// Facts about the work that are not bytes of an output, as the function returned them.
  public var counts: JSON

  public init(outputs: [ActionOutput], counts: JSON) {
    self.outputs = outputs
    self.counts = counts
  }

  public func output(_ name: String) -> ActionOutput? { outputs.first { $0.name == name } }
}

/// A file being written by an action: bytes, and how many records they are.
public final class OutputSink {
  public let buffer = ByteBuffer()
  public var recordCount = 0
  public init() {}
}

/// Everything that a running action sees. Lives on one thread.
public final class ActionContext {
  public let parameters: JSON
  /// Parsers and buffers that outlive the action, so that the next one on this thread allocates nothing.
  public let scratch: WorkerScratch
  private let inputs: [String: ByteSlice]
  private let makeSink: (String) -> OutputSink
  public private(set) var outputs: [String: OutputSink] = [:]

  /// - Parameters:
  ///   - inputs: each followed by `JSONParser.padding` readable bytes, valid as long as the context.
  ///   - sinks: gives an empty sink for the output of a name.
  public init(
    parameters: JSON, inputs: [String: ByteSlice], scratch: WorkerScratch,
    sinks: @escaping (String) -> OutputSink = { _ in OutputSink() }
  ) {
    makeSink = sinks
    self.parameters = parameters
    self.inputs = inputs
    self.scratch = scratch
  }

  /// nil: the action has no such input.
  public func optionalInput(_ name: String) -> ByteSlice? { inputs[name] }

  public func input(_ name: String) throws -> ByteSlice {
    guard let bytes = inputs[name] else {
      throw DistillError(.internalFault, "an action asked for the input \"\(name)\", which it was not given")
    }
    return bytes
  }

  /// The numbers i, from 0 on, of which there is an input `<name>/<i>`.
  public func indices(of name: String) -> Range<Int> {
    var count = 0
    while inputs["\(name)/\(count)"] != nil { count += 1 }
    return 0..<count
  }

  /// The inputs "0", "1", …, up to the first that there is not.
  public var numberedInputs: [ByteSlice] {
    var found: [ByteSlice] = []
    while let input = inputs[String(found.count)] { found.append(input) }
    return found
  }

  /// The output of that name, made when it is first asked for.
  public func output(_ name: String) -> OutputSink {
    if let sink = outputs[name] { return sink }
    let sink = makeSink(name)
    outputs[name] = sink
    return sink
  }
}

/// What a worker thread keeps between actions.
public final class WorkerScratch {
  public let parser = JSONParser()
  /// For a second text while the first one's values are in use.
  public let secondParser = JSONParser()
  public let canonical = CanonicalWriter()
  public let sha256 = SHA256()
  public let buffer = ByteBuffer()
  public let secondBuffer = ByteBuffer()
  public init() {}
}

/// A pure function that actions name.
public struct ActionFunction: Sendable {
  /// `<stage>.<verb>/<version>`; the version is raised by whoever changes what the function writes.
  public var name: String
  public var run: @Sendable (ActionContext) throws -> JSON

  public init(name: String, run: @escaping @Sendable (ActionContext) throws -> JSON) {
    self.name = name
    self.run = run
  }
}

/// All functions that actions may name.
public struct FunctionTable: Sendable {
  private var functions: [String: ActionFunction]

  public init(_ functions: [ActionFunction]) {
    self.functions = Dictionary(uniqueKeysWithValues: functions.map { ($0.name, $0) })
  }

  /// The same names, with other bodies.
  package func mapping(_ transform: (ActionFunction) -> ActionFunction) -> FunctionTable {
    FunctionTable(functions.values.map(transform))
  }

  public func function(named name: String) throws(DistillError) -> ActionFunction {
    guard let function = functions[name] else {
      throw DistillError(.internalFault, "there is no action function \"\(name)\"")
    }
    return function
  }

  /// The same functions with `function` in the place of the one of its name.
  package func replacing(_ function: ActionFunction) -> FunctionTable {
    var table = self
    table.functions[function.name] = function
    return table
  }
}
