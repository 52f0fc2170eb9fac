import Receipts
import Testing

@testable import Stages

@Suite struct BooksTests {
  @Test func `rows that were counted and are in no output fail the stage`() {
    func output(_ path: String, rows: [Int]) -> PlannedOutput {
      PlannedOutput(
        path: RelativePath(unchecked: path),
        fragments: rows.map { Fragment(digest: Digest.of("\($0)"), byteCount: 1, recordCount: $0) })
    }
    let outputs = [output("a", rows: [2, 3]), output("b", rows: []), output("c", rows: [4])]
    #expect(Books.allWritten(outputs, 9).pass)
    #expect(!Books.allWritten(outputs, 10).pass && !Books.allWritten(outputs, 8).pass)
    #expect(Books.allWritten(outputs, 10).facts == ["rows in the outputs: 9 = 10 written"])
  }
}
