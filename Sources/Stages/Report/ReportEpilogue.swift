import Receipts

/// The report, brought up to date behind the stages of a build.
public final class ReportEpilogue: BuildEpilogue {
  private let report: Report
  private let memo: ReportMemo
  private var made: [RelativePath]?
  /// Why the report could not be written. The stages' results stand all the same.
  public private(set) var failure: (any Error)?

  public init(_ report: Report, _ memo: ReportMemo) {
    self.report = report
    self.memo = memo
  }

  public func write() {
    do { made = try report.make(unlessHolds: memo)?.files } catch { failure = error }
  }

  public func remember() {
    guard let made else { return }
    do { try memo.save(made) } catch { failure = error }
  }
}
