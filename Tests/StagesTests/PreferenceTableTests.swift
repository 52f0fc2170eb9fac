import JSONTape
import Receipts
import Testing

@testable import Stages

/// What the steps of `export-preference` tell each other.
@Suite struct PreferenceTableTests {
  private func sink(_ write: (OutputSink) -> Void) -> OutputSink {
    let sink = OutputSink()
    write(sink)
    return sink
  }

  private func hash(_ text: String) -> Hash128 { Hash128(Digest.of(text)) }

  @Test func `candidates, comparisons, pairs and wanted rows are read as they were written`() throws {
    let candidate = PairingCandidate(
      task: hash("task"), prompt: .zero, text: hash("text"), order: hash("order"), category: .rejected, fragment: 7,
      place: 1 << 33, scoredPlace: 5, byteCount: 9)
    let candidates = sink { candidate.append(to: $0) }
    let read = PairingCandidate(
      try TableReader(candidates.buffer.bytes, rowWidth: PairingCandidate.rowWidth), 0, fragment: 7)
    #expect(read.side == candidate.side && read.category == .rejected && read.byteCount == 9)
    #expect([read.task, read.prompt, read.text, read.order] == [hash("task"), .zero, hash("text"), hash("order")])

    let comparison = PairingComparison(
      task: hash("task"), prompt: hash("prompt"), chosen: hash("a"), rejected: hash("b"), order: hash("order"),
      fragment: 3, place: 12, byteCount: 1 << 40)
    let comparisons = sink { comparison.append(to: $0) }
    let other = PairingComparison(
      try TableReader(comparisons.buffer.bytes, rowWidth: PairingComparison.rowWidth), 0, fragment: 3)
    #expect(other.side == comparison.side && other.byteCount == Int(UInt32.max))
    #expect([other.chosen, other.rejected] == [hash("a"), hash("b")])

    for reason in PreferenceReason.allCases {
      let pair = PlannedPair(
        chosen: PlannedPair.Side(fragment: 1, place: 1 << 35), rejected: PlannedPair.Side(fragment: 70_000, place: 0),
        reason: reason, isSelfPairing: reason == .preferred)
      let plan = sink { pair.append(to: $0) }
      #expect(try PlannedPair(TableReader(plan.buffer.bytes, rowWidth: PlannedPair.rowWidth), 0) == pair)
    }

    for scored in [nil, 17] as [Int?] {
      let row = WantedRow(
        Pairing.Side(fragment: 0, place: 4, scoredPlace: scored), shard: PreferenceShards.Shard(group: 9, part: 2),
        isChosen: scored == nil)
      let wanted = sink { row.append(to: $0) }
      #expect(WantedRow(try TableReader(wanted.buffer.bytes, rowWidth: WantedRow.rowWidth), 0) == row)
    }
  }

  @Test func `a gathered row gives its values back, and one that is cut is refused`() throws {
    let provenance = #"{"source":"lab","sig_hash":"00ff","recorded_at":null}"#
    let values: [GatheredRow.Value: String] = [
      .runID: #""r\n1""#, .text: #""Said.""#, .timestamp: "null", .provenance: provenance, .taskID: #""t""#,
    ]
    let buffers = values.mapValues { text in
      let buffer = ByteBuffer()
      buffer.append(text)
      return buffer
    }
    let whole = buffers[.provenance]!.bytes
    let start = provenance.utf8.count - #""00ff","recorded_at":null}"#.utf8.count
    let table = sink { sink in
      for isChosen in [true, false] {
        GatheredRow.append(
          place: 1 << 34, isChosen: isChosen, category: isChosen ? .accepted : nil,
          sigHash: whole[start..<start + 6], to: sink
        ) { buffers[$0]?.bytes }
      }
    }.buffer
    let first = try GatheredRow(table.bytes, at: 0)
    let second = try GatheredRow(table.bytes, at: first.byteCount)
    #expect(first.byteCount + second.byteCount == table.count)
    #expect(first.isChosen && !second.isChosen && first.place == 1 << 34)
    #expect(first.category == .accepted && second.category == nil)
    for value in GatheredRow.Value.allCases { #expect(second.token(value)?.string() == values[value]) }
    #expect(first.text(.runID)?.string() == "r\n1" && first.text(.timestamp) == nil && first.text(.prompt) == nil)
    #expect(first.sigHash?.string() == "00ff")
    for count in 0..<first.byteCount {
      #expect(throws: DistillError.self) { try GatheredRow(table.slice(0..<count), at: 0) }
    }
  }

  @Test func `lines have places over all inputs, and are found again by them`() throws {
    let texts = ["evidence/0": "one\ntwo\n", "evidence/2": "three\n\nfour"]
    let buffers = texts.mapValues { text in
      let buffer = ByteBuffer()
      buffer.append(text)
      return buffer
    }
    let context = ActionContext(parameters: [:], inputs: buffers.mapValues(\.bytes), scratch: WorkerScratch())
    var places = LinePlaces(context, "evidence", count: 3)
    var found: [Int?] = []
    for name in ["evidence/2", "evidence/0"] {
      for line in Lines(buffers[name]?.bytes ?? .empty) {
        let place = places.place(of: line)
        let again = place.flatMap { places.line(at: $0) }
        #expect(again?.string() == line.string())
        found.append(place)
      }
    }
    let third = 2 << 40
    #expect(found == [third, third + 6, third + 7, 0, 4])
    #expect([8, 1 << 40, third + 11, 3 << 40].allSatisfy { places.line(at: $0) == nil })
    let stranger = ByteBuffer()
    stranger.append("one")
    let strangers = [places.place(of: stranger.bytes), places.place(of: .empty)]
    #expect(strangers == [nil, nil])
    withExtendedLifetime(buffers) {}
  }
}
