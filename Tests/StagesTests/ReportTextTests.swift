import JSONTape
import Receipts
import ReceiptsTesting
import SystemPackage
import Testing

@testable import Stages

@Suite("Report text")
struct ReportTextTests {
  @Test("counts have separators of thousands")
  func counts() {
    let texts = [0, 7, 999, 1000, 1_234_567, -1000].map { ReportFigures.count($0) }
    #expect(texts == ["0", "7", "999", "1,000", "1,234,567", "-1,000"])
  }

  @Test("only all is 100 %, and only nothing is 0 %")
  func shares() {
    #expect(ReportFigures.share(5, of: 5) == "100 %")
    #expect(ReportFigures.share(99_999, of: 100_000) == "99.9 %")
    #expect(ReportFigures.share(1, of: 100_000) == "<0.1 %")
    #expect(ReportFigures.share(2, of: 3) == "66.7 %" && ReportFigures.share(1, of: 3) == "33.3 %")
    #expect(ReportFigures.share(1, of: 2000) == "0.1 %" && ReportFigures.share(1, of: 2001) == "<0.1 %")
    #expect(ReportFigures.share(1, of: 16) == "6.3 %" && ReportFigures.share(.max - 1, of: .max) == "99.9 %")
    #expect(ReportFigures.share(0, of: 3) == "0 %")
    #expect(ReportFigures.share(0, of: 0) == "–")
    #expect(ReportFigures.share(.max / 2, of: .max) == "50.0 %")
  }

  @Test("sizes and durations")
  func sizes() {
    let sizes: [Int64] = [999, 1000, 1_999_999, 3_000_000_000, 5_100_000_000_000]
    #expect(sizes.map(ReportFigures.bytes) == ["999 B", "1.0 kB", "1.9 MB", "3.0 GB", "5.1 TB"])
    #expect([41, 3250, 245_000].map(ReportFigures.duration(milliseconds:)) == ["41 ms", "3.2 s", "4 min 05 s"])
  }

  @Test("text of the data can't break a cell, a span or a line")
  func escaping() {
    var page = MarkdownPage()
    page.table(
      [.left("a"), .right("b")], [[MarkdownText.code("x|`y`\nz"), MarkdownText.prose("*a* <b> [c](d) | e\r\nf")]])
    let rows = page.text.split(separator: "\n")
    #expect(rows.count == 3)
    #expect(rows[2] == #"| ``x\|`y` z`` | \*a\* \<b> \[c](d) \| e  f |"#)
  }

  @Test("lines are found wherever the pieces end", arguments: [1, 1000, 262_143, 262_144, 262_145, 700_000])
  func lines(length: Int) throws {
    let fileSystem = MemoryFileSystem()
    let long = String(repeating: "x", count: length)
    fileSystem.write("a\n\(long)\n\nb\nnot ended", to: "/f")
    var seen: [String] = []
    try FileLines(try fileSystem.open("/f"), byteLimit: .max).visit { line, number in
      #expect(Int(number) == seen.count)
      seen.append(line.string())
      return true
    }
    #expect(seen == ["a", long, "", "b"])

    var count = 0
    try FileLines(try fileSystem.open("/f"), byteLimit: 3).visit { _, _ in
      count += 1
      return true
    }
    #expect(count == 1)
  }
}
