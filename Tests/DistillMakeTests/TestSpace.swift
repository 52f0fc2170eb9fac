import Foundation
import Glibc
import JSONTape

/// A fresh workspace folder in which the built program is run as a user would. Gone with its owner.
final class TestSpace: Sendable {
  let root: String
  private let container: String

  /// The executable beside the test bundle.
  static let program: String = {
    let executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    return URL(fileURLWithPath: executable).deletingLastPathComponent().appendingPathComponent("distill-make").path
  }()

  /// The repository that these tests are in.
  static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../..").standardizedFileURL.path

  static let stages = ["build-evidence", "score", "export-rag", "export-sft", "export-preference"]

  init(_ name: String = "workspace") throws {
    var template = Array((FileManager.default.temporaryDirectory.path + "/distill-make-XXXXXX").utf8CString)
    guard mkdtemp(&template) != nil else { throw TestSpaceError("no temporary folder: \(errno)") }
    container = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    root = container + "/" + name
    // Open to the user whom tests of permissions run the program as.
    chmod(container, 0o755)
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  deinit { discard() }

  func discard() { try? FileManager.default.removeItem(atPath: container) }

  // MARK: Files

  func path(_ name: String) -> String { name.isEmpty ? root : root + "/" + name }

  func write(_ name: String, _ text: String) throws {
    try write(name, Array(text.utf8))
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let folder = URL(fileURLWithPath: path(name)).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // Programs that other tests start must not inherit it: a file that one holds keeps its space on a small disk.
    unlink(path(name))
    let file = open(path(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw TestSpaceError("can't write \(path(name)): \(errno)") }
    try FileHandle(fileDescriptor: file, closeOnDealloc: true).write(contentsOf: bytes)
  }

  func bytes(_ name: String) throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path(name)) else {
      throw TestSpaceError("\(name) is not there")
    }
    return Array(data)
  }

  func read(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path(name)) }

  /// The values on the lines of a JSON Lines file.
  func rows(_ name: String) throws -> [JSON] {
    try bytes(name).split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
  }

  func json(_ name: String) throws -> JSON { try JSON.parse(bytes(name)) }

  /// Every path below the folder; folders and links, which are not followed, are among them.
  func tree(_ folder: String = "") -> [String] {
    (FileManager.default.enumerator(atPath: path(folder))?.allObjects as? [String] ?? []).sorted()
      .map { folder.isEmpty ? $0 : folder + "/" + $0 }
  }

  func files(_ folder: String) -> [String] {
    tree(folder).filter {
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path($0), isDirectory: &isFolder) && !isFolder.boolValue
    }
  }

  // MARK: What a build left

  /// The bytes of everything that the stages put out, by path.
  func outputs() throws -> [String: [UInt8]] {
    var outputs: [String: [UInt8]] = [:]
    for file in ["data/evidence", "data/scored-runs", "exports"].flatMap(files) { outputs[file] = try bytes(file) }
    return outputs
  }

  func receipt(_ stage: String) throws -> JSON { try json("receipts/\(stage)/receipt.json") }

  /// The canonical JSON of every receipt's `core`, by stage.
  func cores() throws -> [String: String] {
    var cores: [String: String] = [:]
    for stage in Self.stages { cores[stage] = try receipt(stage)["core"]?.canonicalString }
    return cores
  }

  func counts(_ stage: String) throws -> JSON { try receipt(stage)["core"]?["record_counts"] ?? .null }

  /// Of every path below the workspace, what changes when it is written: size, times, inode, permissions.
  func state(_ folder: String = "") -> [String: FileState] {
    var states = ["": FileState(path(folder))]
    for name in tree(folder) { states[name] = FileState(path(name)) }
    return states.compactMapValues { $0 }
  }

  // MARK: Running

  /// What the program finds in its environment, but for what a test changes.
  static let environment = ["PATH": Machine.path, "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"]

  /// - Parameters:
  ///   - folder: the working directory; the workspace if nil.
  ///   - through: a command that the program stands behind: `["strace", "-o", "log"]`.
  func start(
    _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:], through: [String] = []
  ) throws -> RunningCommand {
    try RunningCommand.start(
      through + [Self.program] + arguments, in: folder ?? root,
      environment: Self.environment.merging(environment) { $1 })
  }

  func run(
    _ arguments: String..., in folder: String? = nil, environment: [String: String] = [:], through: [String] = []
  ) throws -> CommandResult {
    try start(arguments, in: folder, environment: environment, through: through).wait()
  }

  /// Builds everything, and throws when that fails.
  @discardableResult
  func build(_ arguments: String..., environment: [String: String] = [:], through: [String] = []) throws
    -> CommandResult
  {
    let result = try start(["all"] + arguments, environment: environment, through: through).wait()
    guard result.exitCode == 0 else {
      throw TestSpaceError("the build ended with \(result.exitCode): \(result.stderr)")
    }
    return result
  }

  /// What a build says of each stage: `built`, `up_to_date`, …
  func states(_ arguments: String...) throws -> [String: String] { try states(arguments) }

  func states(_ arguments: [String]) throws -> [String: String] {
    let result = try start(arguments + ["--json"]).wait()
    guard result.exitCode == 0 else { throw TestSpaceError("it ended with \(result.exitCode): \(result.stderr)") }
    let tree = try JSON.parse(Array(result.stdout.utf8))
    var states: [String: String] = [:]
    for stage in tree["stages"]?.array ?? tree.array ?? [] {
      states[stage["stage"]?.string ?? ""] = stage["state"]?.string
    }
    return states
  }
}

/// What `stat` says of a file, as far as a write changes it.
struct FileState: Equatable, CustomStringConvertible {
  var size: Int64
  var mode: UInt32
  var inode: UInt64
  var modified: [Int]
  var changed: [Int]

  init?(_ path: String) {
    var found = stat()
    guard lstat(path, &found) == 0 else { return nil }
    size = Int64(found.st_size)
    mode = found.st_mode
    inode = UInt64(found.st_ino)
    modified = [found.st_mtim.tv_sec, found.st_mtim.tv_nsec]
    changed = [found.st_ctim.tv_sec, found.st_ctim.tv_nsec]
  }

  var description: String { "size \(size), inode \(inode), mtime \(modified), ctime \(changed)" }
}

/// The names under which two trees differ: what an expectation shows instead of megabytes.
func differences<Value: Equatable>(_ before: [String: Value], _ after: [String: Value]) -> [String] {
  Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
}
