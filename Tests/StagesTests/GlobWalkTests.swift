import Receipts
import ReceiptsTesting
import Synchronization
import SystemPackage
import Testing

@testable import Stages

@Suite struct GlobWalkTests {
  private let memory = MemoryFileSystem()
  private let workspace: FilePath = "/w"

  private func write(_ paths: String...) {
    for path in paths { memory.write("{}", to: workspace.appending(path)) }
  }

  private func find(_ patterns: [String], ignoring ignored: [String] = []) throws -> GlobWalk.Result {
    try GlobWalk.find(
      patterns.map { try Glob($0) }, ignoring: ignored.map { try Glob($0) }, in: workspace, of: memory)
  }

  private func paths(_ patterns: String..., ignoring ignored: [String] = []) throws -> [String] {
    try find(patterns, ignoring: ignored).files.map(\.path.string)
  }

  @Test func `files come by the bytes of their paths, each once`() throws {
    write("logs/b.json", "logs/a/x.json", "logs/a.json", "logs/a-b/x.json", "other/a.json")
    #expect(
      try paths("logs/**/*.json", "**/a.json")
        == ["logs/a-b/x.json", "logs/a.json", "logs/a/x.json", "logs/b.json", "other/a.json"])
  }

  @Test func `threads find what one finds, in the same order`() throws {
    for number in 0..<40 {
      write("logs/\(number)/b.json", "logs/\(number)/a.json", "logs/\(number)/deep/c.json", "logs/\(number)/x")
    }
    memory.link("/w/logs/7/link.json", to: "/w/logs/7/a.json")
    let globs = [try Glob("logs/{folder}/**/*.json")]
    let one = try GlobWalk.find(globs, in: workspace, of: memory)
    #expect(one.files.count == 120)
    #expect(one.skippedLinks.map(\.string) == ["logs/7/link.json"])
    #expect(one.files.map(\.path) == one.files.map(\.path).sorted())
    for jobs in 2...4 { #expect(try GlobWalk.find(globs, in: workspace, of: memory, jobs: jobs) == one) }
  }

  @Test func `captures are those of the first pattern that matches`() throws {
    write("runs/x_gpt/a_1.jsonl", "runs/x_opus/a_2.jsonl", "runs/y/a_3.jsonl")
    let files = try find(["runs/x_{model}/a_*.jsonl", "runs/{folder}/a_{number}.jsonl"]).files
    #expect(files.map(\.captures) == [["model": "gpt"], ["model": "opus"], ["folder": "y", "number": "3"]])
  }

  @Test func `only folders that a pattern reaches are read`() throws {
    write("runs/x_gpt/a_1.jsonl", "runs/y/a_3.jsonl", "elsewhere/deep/b.jsonl", "runs/x_gpt/deep/a_9.jsonl")
    let recorder = ListingRecorder(memory)
    let result = try GlobWalk.find([Glob("runs/x_{model}/a_*.jsonl")], in: workspace, of: recorder)
    #expect(result.files.map(\.path.string) == ["runs/x_gpt/a_1.jsonl"])
    #expect(recorder.listed == ["/w/runs", "/w/runs/x_gpt"])
    #expect(memory.filesRead.isEmpty)
  }

  @Test func `a pattern without wildcards reads no folder`() throws {
    write("logs/a.json", "logs/b.json")
    let recorder = ListingRecorder(memory)
    let result = try GlobWalk.find([Glob("logs/b.json"), Glob("logs/c.json")], in: workspace, of: recorder)
    #expect(result.files.map(\.path.string) == ["logs/b.json"])
    #expect(recorder.listed.isEmpty)
  }

  @Test func `what is ignored is not found, folders included`() throws {
    write("logs/a.json", "logs/a.json.bak", "logs/old/b.json", "logs/older/c.json", "logs/new/d.json")
    #expect(
      try paths("logs/**", ignoring: ["**/*.bak", "logs/old", "logs/older/**"]) == ["logs/a.json", "logs/new/d.json"])
  }

  @Test func `the program's own files are never logs`() throws {
    write(
      "a.json", "data/evidence/2026/x.jsonl", "data/scored-runs/x.jsonl", "data/repository-facts.json",
      "data/mine.json",
      "exports/rag/playbooks.jsonl", "receipts/score/receipt.json", "reports/distillation/latest.json",
      ".distill/index",
      "distill.yaml", "logs/exports/a.json")
    #expect(try paths("**/*") == ["a.json", "data/mine.json", "logs/exports/a.json"])
  }

  @Test func `hidden names need a dot in the pattern`() throws {
    write(".hidden/a.json", "logs/.b.json", "logs/c.json")
    #expect(try paths("**/*.json") == ["logs/c.json"])
    #expect(try paths(".hidden/*.json", "logs/.*") == [".hidden/a.json", "logs/.b.json"])
  }

  @Test func `a link is followed where the pattern names it`() throws {
    memory.write("{}", to: "/elsewhere/deep/a.json")
    memory.write("{}", to: "/elsewhere/b.json")
    memory.link("/w/logs", to: "/elsewhere")
    memory.link("/w/one.json", to: "/elsewhere/b.json")
    #expect(
      try find(["logs/*.json", "logs/deep/*.json", "one.json"])
        == GlobWalk.Result(
          files: ["logs/b.json", "logs/deep/a.json", "one.json"].map { LogFile(path: RelativePath(unchecked: $0)) }))
  }

  @Test func `a link that a wildcard meets is left alone and reported`() throws {
    memory.write("{}", to: "/elsewhere/a.json")
    memory.link("/w/runs/linked", to: "/elsewhere")
    memory.link("/w/runs/file.json", to: "/elsewhere/a.json")
    memory.link("/w/runs/note.txt", to: "/elsewhere/a.json")
    write("runs/real/b.json")
    let result = try find(["runs/**/*.json"])
    #expect(result.files.map(\.path.string) == ["runs/real/b.json"])
    #expect(result.skippedLinks.map(\.string) == ["runs/file.json", "runs/linked"])
  }

  @Test func `a folder that a pattern names as a file is reported, unless a pattern leads through it or it is ignored`()
    throws
  {
    write("logs/a.jsonl", "logs/day.jsonl/b.jsonl", "logs/old.jsonl/c.jsonl")
    let result = try find(["logs/*.jsonl"])
    #expect(result.files.map(\.path.string) == ["logs/a.jsonl"])
    #expect(result.notFiles.map(\.string) == ["logs/day.jsonl", "logs/old.jsonl"])
    #expect(try find(["logs/*.jsonl", "logs/day.jsonl/*"]).notFiles.map(\.string) == ["logs/old.jsonl"])
    #expect(try find(["logs/**/*.jsonl", "**"]).notFiles == [])
  }

  @Test func `a link in a circle ends`() throws {
    write("logs/a.json")
    memory.link("/w/logs/again", to: "/w/logs")
    #expect(try paths("logs/**/*.json") == ["logs/a.json"])
    #expect(try paths("logs/again/again/*.json") == ["logs/again/again/a.json"])
  }

  @Test func `a folder that can't be read is an error`() throws {
    write("logs/a.json")
    memory.failNext(operation: "list", path: "/w/logs", errno: .permissionDenied)
    #expect(throws: FileSystemError("list", "/w/logs", .permissionDenied)) { try paths("logs/*") }
  }
}

/// Forwards everything, and remembers which folders were listed.
private final class ListingRecorder: FileSystem {
  private let base: MemoryFileSystem
  private let calls = Mutex<[String]>([])

  init(_ base: MemoryFileSystem) { self.base = base }

  var listed: [String] { calls.withLock { $0.sorted() } }

  func entries(of directory: FilePath) throws(FileSystemError) -> [DirectoryEntry] {
    calls.withLock { $0.append(directory.string) }
    return try base.entries(of: directory)
  }

  func status(of path: FilePath, followingLinks: Bool) throws(FileSystemError) -> FileStatus? {
    try base.status(of: path, followingLinks: followingLinks)
  }
  func open(_ path: FilePath) throws(FileSystemError) -> any ReadableFile { try base.open(path) }
  func create(_ path: FilePath) throws(FileSystemError) -> any WritableFile { try base.create(path) }
  func append(to path: FilePath) throws(FileSystemError) -> any WritableFile { try base.append(to: path) }
  func rename(_ source: FilePath, to target: FilePath) throws(FileSystemError) { try base.rename(source, to: target) }
  func remove(_ path: FilePath) throws(FileSystemError) -> Bool { try base.remove(path) }
  func createDirectory(_ path: FilePath) throws(FileSystemError) { try base.createDirectory(path) }
  func synchronizeDirectory(_ path: FilePath) throws(FileSystemError) { try base.synchronizeDirectory(path) }
  func linkTarget(of path: FilePath) throws(FileSystemError) -> String { try base.linkTarget(of: path) }
  func freeSpace(at path: FilePath) throws(FileSystemError) -> Int64 { try base.freeSpace(at: path) }
  func lock(_ directory: FilePath, waiting: Bool) throws(FileSystemError) -> (any FileLock)? {
    try base.lock(directory, waiting: waiting)
  }
}
