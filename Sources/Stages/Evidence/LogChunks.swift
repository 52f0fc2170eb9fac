import JSONTape
import Receipts

/// A part of a log as an action takes it.
struct LogSegment {
  var log: LogFile
  var piece: LogPiece
}

/// Groups a source's logs, in the order of their paths, into chunks of about 16 MiB: the units of cached work.
///
/// A piece of a large log is a chunk of its own. Small logs share one until it would grow past the size, or after one whose
/// path's SHA-256 starts with 00: a cut that depends on that path alone, so that a log that comes in early shifts only the
/// chunks up to the next such path.
enum LogChunks {
  static let size = 16 << 20

  static func group(_ logs: [(log: LogFile, pieces: [LogPiece])]) -> [[LogSegment]] {
    var chunks: [[LogSegment]] = []
    var open: [LogSegment] = []
    var openSize = 0
    func close() {
      if !open.isEmpty { chunks.append(open) }
      open = []
      openSize = 0
    }
    for (log, pieces) in logs {
      let segments = pieces.map { LogSegment(log: log, piece: $0) }
      if segments.count > 1 {
        close()
        chunks += segments.map { [$0] }
        continue
      }
      if openSize + pieces[0].byteCount > size { close() }
      open += segments
      openSize += pieces[0].byteCount
      if Digest.of(log.path.string).hex.hasPrefix("00") { close() }
    }
    close()
    return chunks
  }
}
