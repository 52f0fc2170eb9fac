import JSONTape
import Receipts
import ReceiptsTesting
import Stages
import SystemPackage
import Testing

@Suite("Report")
struct ReportTests {
  @Test("the page of a small workspace")
  func page() throws {
    print(try ReportSpace.complete().markdown)
  }
}
