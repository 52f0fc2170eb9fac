import JSONTape
import Receipts

/// What `status` and `--dry-run` print.
enum Forecasts {
  static func print(_ forecasts: [StageForecast], json: Bool) throws {
    try Terminal.result(json ? tree(forecasts).pretty() : text(forecasts))
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
      let shown = summary(reasons)
      rows.append([forecast.stage.text, word, shown.first ?? ""])
      for reason in shown.dropFirst() { rows.append(["", "", reason]) }
      if !reasons.isEmpty, let inputs = forecast.manifest?.inputs {
        let bytes = inputs.reduce(0) { $0 + $1.byteCount }
        rows.append(["", "", "reads \(Quantity.files(inputs.count)), \(Quantity.bytes(bytes))"])
      }
    }
    return TextTable.text(rows)
  }

  /// A line for each kind of reason: many of one must not hide the others. `explain` names all.
  static func summary(_ reasons: [StageReason]) -> [String] {
    var kinds: [(words: String?, reasons: [StageReason])] = []
    for reason in reasons {
      let words = plural(reason)
      if let words, let place = kinds.firstIndex(where: { $0.words == words }) {
        kinds[place].reasons.append(reason)
      } else {
        kinds.append((words, [reason]))
      }
    }
    return kinds.map { words, reasons in
      guard let words, reasons.count > 1, let path = path(of: reasons[0]) else { return "\(reasons[0])" }
      return "\(Quantity.count(Int64(reasons.count))) \(words): \(path), …"
    }
  }

  /// nil: there is one of its kind at most.
  private static func plural(_ reason: StageReason) -> String? {
    switch reason {
    case .inputAdded: "inputs added"
    case .inputRemoved: "inputs gone"
    case .inputChanged: "inputs changed"
    case .parametersChanged: "parameters changed"
    case .outputMissing: "outputs missing"
    case .outputChanged: "outputs not as the receipt says"
    case .neverBuilt, .forced, .interrupted, .toolChanged, .functionChanged, .checksumsMissing, .upstream,
      .receiptUnreadable:
      nil
    }
  }

  private static func path(of reason: StageReason) -> String? {
    switch reason {
    case .inputAdded(let path), .inputRemoved(let path), .inputChanged(let path, _, _), .outputMissing(let path),
      .outputChanged(let path):
      path.string
    case .parametersChanged(let path, _, _): path
    default: nil
    }
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
