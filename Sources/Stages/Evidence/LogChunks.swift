import JSONTape
import Receipts

/// A part of a log as an action takes it.
struct LogSegment {
  var log: LogFile
  var piece: LogPiece
  /// See `LogCut`.
  var frame: ActionInput?
  var fault: Fault?
  /// It is of what a compressed log holds.
  var isUnpacked = false
  var damage: String?

  /// A log that is no JSON as a whole.
  struct Fault {
    var message: String
    var digest: Digest
    var byteCount: Int

    init(_ message: String, in log: StageInput) {
      self.message = message
      digest = log.digest
      byteCount = log.byteCount
    }
  }

  init(log: LogFile, piece: LogPiece) {
    self.log = log
    self.piece = piece
  }
}

/// A log and what it was cut into.
struct LogSegments {
  var log: LogFile
  var input: StageInput
  var segments: [LogSegment]

  init(_ log: LogFile, _ input: StageInput, _ cut: LogCut) {
    self.log = log
    self.input = input
    segments = cut.pieces.map { piece in
      var segment = LogSegment(log: log, piece: piece)
      segment.frame = cut.frame
      segment.fault = cut.fault.map { LogSegment.Fault($0, in: input) }
      segment.isUnpacked = cut.isUnpacked
      segment.damage = piece.isFinal ? cut.damage : nil
      return segment
    }
  }
}

/// Groups a source's logs, in the order of their paths, into chunks: the units of cached work.
///
/// A piece of a large log is a chunk of its own. Small logs share one until it would grow past the size, or after one
/// whose path's SHA-256 starts with 00: a cut that depends on that path alone, so that a log that comes in early shifts
/// only the chunks up to the next such path.
enum LogChunks {
  static func group(_ logs: [LogSegments], size: Int) -> [[LogSegment]] {
    var chunks: [[LogSegment]] = []
    var open: [LogSegment] = []
    var openSize = 0
    func close() {
      if !open.isEmpty { chunks.append(open) }
      open = []
      openSize = 0
    }
    for log in logs {
      guard log.segments.count == 1, log.segments[0].fault == nil, log.segments[0].piece.longLine == nil else {
        close()
        chunks += log.segments.map { [$0] }
        continue
      }
      let byteCount = log.segments[0].piece.byteCount
      if openSize + byteCount > size { close() }
      open += log.segments
      openSize += byteCount
      if Digest.of(log.log.path.string).hex.hasPrefix("00") { close() }
    }
    close()
    return chunks
  }
}
