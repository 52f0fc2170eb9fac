import ReceiptsTesting
import SystemPackage
import Testing

@testable import Receipts

@Suite("Change times")
struct ChangeTimesTests {
  @Test("a clock that stands still tells no changes apart, and nothing is left of the try")
  func coarse() throws {
    let memory = MemoryFileSystem()
    #expect(try !memory.tellsChangesApart(in: "/tmp"))
    #expect(memory.files.isEmpty)
  }

  @Test("steps of a clock are no times of their own")
  func steps() {
    let millisecond: Int64 = 1_000_000
    for times in [
      [0, 0, 0, 0], [0, 0, 0, millisecond], [0, millisecond, 2 * millisecond, 3 * millisecond], [0, 5, 5, 9],
      [9, 6, 3, 1],
    ] { #expect(!areApart(changeTimes: times)) }
    #expect(areApart(changeTimes: [0, 3000, 5000, 9000]))
  }

  @Test("changes with times of their own are told apart")
  func fine() throws {
    #expect(try MemoryFileSystem(changeTimes: .own).tellsChangesApart(in: "/tmp"))
  }

  @Test("where this machine's file system is said to tell them apart, it does")
  func local() throws {
    let folder = TemporaryFolder()
    let fileSystem = LocalFileSystem()
    guard try fileSystem.tellsChangesApart(in: folder.path) else { return }
    let file = try fileSystem.create(folder.path.appending("a"))
    var last = try file.status().changed
    for _ in 0..<1000 {
      try [0 as UInt8].withUnsafeBytes { try file.write($0) }
      let next = try file.status().changed
      #expect(next > last)
      last = next
    }
  }
}
