import JSONTape
import Receipts
import Stages

/// Says which rows of an export's quarantine are not those that are due. Only asked where some are not.
struct StoppedRowCheck {
  let path: RelativePath
  let stopped: [StoppedRow]
  let index: EvidenceIndex
  let partitions: [RelativePath]
  let log: FindingLog
  private let numbers: [RowKey: Int]
  private var isSeen: [Bool]
  /// The first row that is right and in another place.
  private var displaced: (line: Int, number: Int)?
  private var count = 0

  init(
    path: RelativePath, stopped: [StoppedRow], index: EvidenceIndex, partitions: [RelativePath], log: FindingLog
  ) {
    self.path = path
    self.stopped = stopped
    self.index = index
    self.partitions = partitions
    self.log = log
    numbers = Dictionary(
      stopped.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
    isSeen = Array(repeating: false, count: stopped.count)
  }

  mutating func check(_ line: Line, _ pass: StoppedRowPass) throws {
    defer { count += 1 }
    guard let number = pass.claimed(line.bytes).flatMap({ numbers[$0] }) else {
      return report(.rowUndue, line, nil, "a record that a gate stops", "another, or none")
    }
    let place = words(stopped[number].key)
    if isSeen[number] { return report(.rowUndue, line, nil, "each stopped record once", "\(place) again") }
    isSeen[number] = true
    if let difference = try pass.difference(line.bytes, stopped[number]) {
      report(
        .rowDiffers, line, difference.member, "\(difference.expected), for \(place)", difference.found)
    } else if number != count, displaced == nil {
      displaced = (line.number, number)
    }
  }

  /// When all lines were checked.
  func finish() {
    for (number, isSeen) in isSeen.enumerated() where !isSeen {
      log.add(
        .rowMissing, path: path.string, expected: "a row of \(words(stopped[number].key)), which a gate stops",
        found: "none")
    }
    guard let displaced, count == stopped.count, !isSeen.contains(false) else { return }
    log.add(
      .rowDiffers, path: path.string, line: displaced.line,
      expected: "the row of \(words(stopped[displaced.line - 1].key)), by the order of the quarantine",
      found: "that of \(words(stopped[displaced.number].key))")
  }

  private func report(_ code: FindingCode, _ line: Line, _ member: String?, _ expected: String, _ found: String) {
    log.add(code, path: path.string, line: line.number, member: member, expected: expected, found: found)
  }

  private func words(_ key: RowKey) -> String { key.words(index, partitions) }
}
