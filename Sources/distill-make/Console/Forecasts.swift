import JSONTape
import Receipts

/// What `status` and `--dry-run` print.
enum Forecasts {
  static func print(_ forecasts: [StageForecast], json: Bool) {
    Terminal.result(json ? tree(forecasts).pretty() : text(forecasts))
  }

  private static func parts(_ state: StageState) -> (word: String, reasons: [StageReason]) {
    switch state {
    case .upToDate: ("up to date", [])
    case .willRun(let reasons): ("will run", reasons)
    case .mayRun(let reasons): ("may run", reasons)
    }
  }

  private static func text(_ forecasts: [StageForecast]) -> String {
    var rows: [[String]] = []
    for forecast in forecasts {
      let (word, reasons) = parts(forecast.state)
      let shown = reasons.prefix(5).map { "\($0)" } + (reasons.count > 5 ? ["and \(reasons.count - 5) more"] : [])
      rows.append([forecast.stage.text, word, shown.first ?? ""])
      for reason in shown.dropFirst() { rows.append(["", "", reason]) }
    }
    return TextTable.text(rows)
  }

  private static func tree(_ forecasts: [StageForecast]) -> JSON {
    .array(
      forecasts.map { forecast in
        let (word, reasons) = parts(forecast.state)
        return [
          "stage": .string(forecast.stage.text),
          "state": .string(word.split(separator: " ").joined(separator: "_")),
          "reasons": .array(reasons.map { .string("\($0)") }),
          "receipt_sha256": forecast.newest.map { .string($0.digest.hex) } ?? .null,
          "record_counts": forecast.newest?.recordCounts ?? .null,
        ]
      })
  }
}
