import SystemPackage
import Testing

@testable import Receipts

@Suite("Files that can't be read")
struct UnreadableLogTests {
  @Test(
    "only a log can be taken out with ignore",
    arguments: [
      ("logs/a.jsonl", Errno.ioError, ExitCode.data), ("logs/a.jsonl", .permissionDenied, .data),
      ("data/evidence/2026/03/01/a.jsonl", .ioError, .inputOutput), ("logs/a.jsonl", .tooManyOpenFiles, .inputOutput),
    ])
  func code(_ path: String, _ errno: Errno, _ code: ExitCode) {
    let error = UnreadableLog.error(FileSystemError("read", FilePath("/w").appending(path), errno), path: path)
    switch error {
    case let error as DistillError:
      #expect(error.code == code)
      #expect(error.hint?.contains("`ignore`") == true)
    case let error as FileSystemError: #expect(error.exitCode == code)
    default: Issue.record(error)
    }
  }
}
