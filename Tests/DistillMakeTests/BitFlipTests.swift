import Attestation
import Audit
import Foundation
import JSONTape
import Receipts
import ReceiptsTesting
import Stages
import SystemPackage
import Testing

/// Every byte of a receipt, its entry in the history, its lists and its attestation, and of all exports: one flipped
/// bit each.
@Suite("A flipped bit")
struct BitFlipTests {
  private static let root = FilePath("/w")

  /// The smallest workspace with a row in each export.
  private static func workspace() throws -> (files: [String: [UInt8]], key: PublicKey) {
    let space = try TestSpace()
    try space.write("distill.yaml", Lab.configuration)
    try space.write("logs/a.jsonl", Lab.line("r1") + Lab.line("r2", says: "No.", tests: "failed"))
    // Rules for verdicts that no record has are no mistake here.
    try space.build("-q")
    guard try space.run("keygen", "../k.pem").exitCode == 0, try space.run("attest", "--key", "../k.pem").exitCode == 0
    else { throw TestSpaceError("the workspace can't be signed") }
    var files: [String: [UInt8]] = [:]
    for file in ["logs", "data", "exports", "receipts"].flatMap(space.files) { files[file] = try space.bytes(file) }
    return (files, try PublicKey(pem: try space.bytes("../k.pem.pub"), place: "k.pem.pub"))
  }

  /// - Parameter readsRows: rows are not looked at where it is receipts that are altered.
  private static func findings(
    _ files: [String: [UInt8]], _ key: PublicKey, readsRows: Bool = true
  ) throws -> [Finding] {
    let fileSystem = MemoryFileSystem()
    for (path, bytes) in files { fileSystem.write(bytes, to: root.appending(path)) }
    var options = AuditOptions()
    options.publicKey = key
    options.readsRows = readsRows
    return try Auditor(fileSystem: fileSystem, layout: WorkspaceLayout(root: root), options: options).run()
      .filter { $0.level == .finding }
  }

  @Test("is found, and in the file that it is in")
  func everyByte() throws {
    let (files, key) = try Self.workspace()
    #expect(try Self.findings(files, key).isEmpty)
    let stage = "receipts/export-rag/"
    let receipt = try ReceiptCodec.decode(files[stage + "receipt.json"] ?? [], place: stage)
    let entry = "receipts/history/\(receipt.digest.hex).json"
    let flips = files.keys.sorted().filter { $0.hasPrefix(stage) || $0 == entry || $0.hasPrefix("exports/") }
      .flatMap { path in (files[path] ?? []).indices.map { (path, $0) } }
    #expect(flips.count > 10_000)
    let unnoticed = try parallelMap(flips, jobs: ProcessInfo.processInfo.activeProcessorCount) { _, flip -> String? in
      let (path, place) = flip
      var altered = files
      altered[path]![place] ^= 1 << UInt8(place % 8)
      let found = try Self.findings(altered, key, readsRows: path.hasPrefix("exports/"))
      return !found.isEmpty && found.allSatisfy { $0.path == path }
        ? nil : "\(path), byte \(place): \(found.map { "\($0.code.rawValue) \($0.path)" })"
    }.compactMap { $0 }
    #expect(unnoticed.isEmpty, "\(unnoticed.count): \(unnoticed.prefix(5))")
  }
}
