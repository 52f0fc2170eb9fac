import Audit
import Foundation
import Glibc
import Receipts
import SystemPackage
import Testing

/// The disk, where somebody shortens one file as soon as it is mapped.
private struct ShrinkingFileSystem: MappingFileSystem {
  let disk = LocalFileSystem()
  let name: String

  func map(_ path: FilePath) throws(FileSystemError) -> FileMapping? {
    let mapping = try disk.map(path)
    if path.lastComponent?.string == name { truncate(path.string, 4096) }
    return mapping
  }

  func status(of path: FilePath, followingLinks: Bool) throws(FileSystemError) -> FileStatus? {
    try disk.status(of: path, followingLinks: followingLinks)
  }

  func entries(of directory: FilePath) throws(FileSystemError) -> [DirectoryEntry] { try disk.entries(of: directory) }
  func open(_ path: FilePath) throws(FileSystemError) -> any ReadableFile { try disk.open(path) }
  func linkTarget(of path: FilePath) throws(FileSystemError) -> String { try disk.linkTarget(of: path) }
  func freeSpace(at path: FilePath) throws(FileSystemError) -> Int64 { try disk.freeSpace(at: path) }

  // An audit writes nothing.
  private func refusal(_ path: FilePath) -> FileSystemError { FileSystemError("write", path, .readOnlyFileSystem) }
  func create(_ path: FilePath) throws(FileSystemError) -> any WritableFile { throw refusal(path) }
  func append(to path: FilePath) throws(FileSystemError) -> any WritableFile { throw refusal(path) }
  func rename(_ source: FilePath, to target: FilePath) throws(FileSystemError) { throw refusal(target) }
  func remove(_ path: FilePath) throws(FileSystemError) -> Bool { throw refusal(path) }
  func createDirectory(_ path: FilePath) throws(FileSystemError) { throw refusal(path) }
  func synchronizeDirectory(_ path: FilePath) throws(FileSystemError) { throw refusal(path) }
  func lock(_ directory: FilePath, waiting: Bool) throws(FileSystemError) -> (any FileLock)? {
    throw refusal(directory)
  }
}

@Suite("A file that is shortened while it is audited")
struct AuditShrinkingTests {
  @Test("ends the audit with an error that names it", arguments: ["playbooks.jsonl", "lab.jsonl", "a.jsonl"])
  func shortened(_ name: String) throws {
    ShrunkFiles.survive()
    let space = try TestSpace()
    try space.write("distill.yaml", Lab.configuration)
    try space.write(
      "logs/a.jsonl", Lab.line("r1", says: String(repeating: "word ", count: 100_000)) + Lab.line("r2", tests: "failed")
    )
    try space.build("-q")
    let root = FilePath(space.root)
    let auditor = Auditor(
      fileSystem: ShrinkingFileSystem(name: name), layout: WorkspaceLayout(root: root), options: AuditOptions())
    let error = #expect(throws: DistillError.self) { try auditor.run() }
    #expect(error?.code == .inputOutput)
    #expect(error?.place?.hasSuffix("/\(name)") ?? false)
  }
}
