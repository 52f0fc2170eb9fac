import JSONTape
import Receipts

/// What `status` and `--dry-run` print.
enum Forecasts {
  static func print(_ forecasts: [StageForecast], json: Bool) {
    Terminal.result(json ? tree(forecasts).pretty() : text(forecasts))
  }

  static func parts(_ state: StageState) -> (word: String, reasons: [StageReason]) {
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
      if !reasons.isEmpty, let inputs = forecast.manifest?.inputs {
        let bytes = inputs.reduce(0) { $0 + $1.byteCount }
        rows.append(["", "", "reads \(Quantity.files(inputs.count)), \(Quantity.bytes(bytes))"])
      }
    }
    return TextTable.text(rows)
  }

  private static func tree(_ forecasts: [StageForecast]) -> JSON { .array(forecasts.map { .object(tree($0)) }) }

  static func tree(_ forecast: StageForecast) -> JSONObject {
    let (word, reasons) = parts(forecast.state)
    let inputs = forecast.manifest?.inputs
    return [
      "stage": .string(forecast.stage.text),
      "state": .string(word.split(separator: " ").joined(separator: "_")),
      "reasons": .array(reasons.map { .string("\($0)") }),
      "key": forecast.manifest.map { .string($0.key.hex) } ?? .null,
      "input_files": inputs.map { .integer(Int64($0.count)) } ?? .null,
      "input_bytes": inputs.map { .integer(Int64($0.reduce(0) { $0 + $1.byteCount })) } ?? .null,
      "receipt_sha256": forecast.newest.map { .string($0.digest.hex) } ?? .null,
      "receipt_key": forecast.newest.map { .string($0.key.hex) } ?? .null,
      "record_counts": forecast.newest?.recordCounts ?? .null,
    ]
  }
}
