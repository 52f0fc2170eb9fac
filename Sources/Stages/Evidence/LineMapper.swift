import JSONTape
import Receipts

/// Maps the lines of a JSON Lines file. Blank ones count as lines and are no records.
struct LineMapper {
  let mapper: RecordMapper
  let scratch: WorkerScratch
  /// Bytes of the longest line that is parsed.
  let limit: Int

  /// - Parameter longLine: the first bytes of the segment's long line.
  func map(_ segment: EvidenceSegment, bytes: ByteSlice, longLine: ByteSlice?) throws {
    let reader: LineReader
    if let decompressor = try segment.decompressor(bytes) {
      reader = LineReader(decompressor, limit: limit, sha256: scratch.sha256)
    } else {
      reader = LineReader(bytes, offset: segment.offset, line: segment.line, limit: limit, sha256: scratch.sha256)
    }
    // Lines may stand in the reader's window.
    defer { withExtendedLifetime(reader) {} }
    var end = (line: segment.line, offset: segment.offset)
    while let line = reader.next() {
      if let damage = reader.damage ?? segment.damage, !line.isTerminated {
        return stop(line, damage, segment)
      }
      map(line, isFinal: segment.isFinal)
      end = (line.number + 1, line.offset + line.length)
    }
    if let long = segment.longLine, let longLine {
      let line = LogLine(
        bytes: longLine, number: end.line, offset: long.offset, length: long.byteCount, isTerminated: long.isTerminated,
        oversizeHash: long.digest)
      if let damage = segment.damage, !line.isTerminated { return stop(line, damage, segment) }
      map(line, isFinal: segment.isFinal)
      end = (line.number + 1, line.offset + line.length)
    }
    if let damage = reader.damage ?? segment.damage {
      let nothing = LogLine(
        bytes: .empty, number: end.line, offset: end.offset, length: 0, isTerminated: false, oversizeHash: nil)
      stop(nothing, damage, segment)
    }
  }

  /// What a damaged file gave of its last line, if only nothing, is one record that can't be read.
  private func stop(_ line: LogLine, _ damage: CompressionDamage, _ segment: EvidenceSegment) {
    mapper.quarantine(line.place, hash: line.oversizeHash, message: damage.message)
    mapper.warn("\(segment.path): \(damage.message)")
  }

  private func map(_ line: LogLine, isFinal: Bool) {
    if let hash = line.oversizeHash {
      mapper.quarantine(line.place, hash: hash, message: "the record is longer than \(limit) bytes")
      return
    }
    if TextBytes.isBlankLine(line.bytes) { return }
    // The writer of a live log may be in the middle of the line.
    if !line.isTerminated && !isFinal { return mapper.leavePending(line: line.number) }
    do throws(JSONError) {
      let record = try scratch.parser.parse(line.bytes)
      mapper.map(record, root: record, place: line.place)
    } catch {
      if !line.isTerminated { return mapper.leavePending(line: line.number) }
      mapper.quarantine(line.place, message: "not JSON: \(error.reason) at byte \(error.offset) of the record")
    }
  }
}

extension LogLine {
  fileprivate var place: RecordPlace { RecordPlace(line: number, offset: offset, length: length, bytes: bytes) }
}
