import JSONTape

/// Where a log may be cut.
public enum CutRule: Sendable, Hashable {
  /// After a line end. Lines of more than so many bytes are left out of the pieces.
  case lines(longest: Int)
  /// Between the elements of the array that the steps lead to in a JSON document.
  case elements(path: [ElementStep])
}

/// A piece of a log between two units.
public struct LogPiece: Sendable, Hashable {
  public var digest: Digest
  public var byteCount: Int
  public var byteOffset: Int
  /// Lines or elements before it.
  public var lineOffset: Int
  /// The log ends with it.
  public var isFinal: Bool
  /// Follows the piece's bytes, and is part of no other.
  public var longLine: LongLine?

  public init(digest: Digest, byteCount: Int, byteOffset: Int, lineOffset: Int, isFinal: Bool) {
    self.digest = digest
    self.byteCount = byteCount
    self.byteOffset = byteOffset
    self.lineOffset = lineOffset
    self.isFinal = isFinal
  }

  public static func whole(_ log: StageInput) -> LogPiece {
    LogPiece(digest: log.digest, byteCount: log.byteCount, byteOffset: 0, lineOffset: 0, isFinal: true)
  }
}

/// What a log was cut into.
public struct LogCut: Sendable, Hashable {
  /// In the order of the log. Of a document that was cut they are its elements with the commas between them.
  public var pieces: [LogPiece]
  /// A document that was cut, with its array emptied: an object of the store.
  public var frame: ActionInput?
  /// Why a document is no JSON, where that was seen without parsing it. Its one piece is then its beginning.
  public var fault: String?
  /// The log is compressed; its pieces are what it holds, and objects of the store.
  public var isUnpacked: Bool
  /// Why a compressed log gave no more behind its last piece.
  public var damage: String?

  public init(
    pieces: [LogPiece], frame: ActionInput? = nil, fault: String? = nil, isUnpacked: Bool = false, damage: String? = nil
  ) {
    self.pieces = pieces
    self.frame = frame
    self.fault = fault
    self.isUnpacked = isUnpacked
    self.damage = damage
  }

  public static func whole(_ log: StageInput) -> LogCut { LogCut(pieces: [.whole(log)]) }
}

extension LogCut {
  /// `{"pieces":[["sha256",bytes,offset,lines,long],…],"frame":["sha256",bytes]|null,"fault":text|null,"unpacked":bool,
  /// "damage":text|null}`; long: `["sha256" of its start,bytes of it,"sha256",bytes,offset,bool]|null`
  var record: JSON {
    [
      "pieces": .array(
        pieces.map {
          [
            .string($0.digest.hex), .integer(Int64($0.byteCount)), .integer(Int64($0.byteOffset)),
            .integer(Int64($0.lineOffset)), $0.longLine?.record ?? .null,
          ]
        }),
      "frame": frame.map { [.string($0.digest.hex), .integer(Int64($0.byteCount))] } ?? .null,
      "fault": fault.map(JSON.string) ?? .null, "unpacked": .bool(isUnpacked),
      "damage": damage.map(JSON.string) ?? .null,
    ]
  }

  init?(record: JSON) {
    guard let rows = record["pieces"]?.array, !rows.isEmpty else { return nil }
    pieces = []
    for (index, row) in rows.enumerated() {
      guard let cells = row.array, cells.count == 5, let digest = cells[0].string.flatMap(Digest.init(hex:)),
        let bytes = cells[1].integer, let offset = cells[2].integer, let lines = cells[3].integer
      else { return nil }
      var piece = LogPiece(
        digest: digest, byteCount: Int(bytes), byteOffset: Int(offset), lineOffset: Int(lines),
        isFinal: index == rows.count - 1)
      if !cells[4].isNull {
        guard let line = LongLine(record: cells[4]) else { return nil }
        piece.longLine = line
      }
      pieces.append(piece)
    }
    if let cells = record["frame"]?.array {
      guard cells.count == 2, let digest = cells[0].string.flatMap(Digest.init(hex:)), let bytes = cells[1].integer
      else { return nil }
      frame = ActionInput(name: "frame", digest: digest, byteCount: Int(bytes))
    }
    fault = record["fault"]?.string
    isUnpacked = record["unpacked"]?.bool ?? false
    damage = record["damage"]?.string
  }
}

extension LongLine {
  fileprivate var record: JSON {
    [
      .string(start.hex), .integer(Int64(startCount)), .string(digest.hex), .integer(Int64(byteCount)),
      .integer(Int64(byteOffset)), .bool(isTerminated),
    ]
  }

  fileprivate init?(record: JSON) {
    guard let cells = record.array, cells.count == 6, let start = cells[0].string.flatMap(Digest.init(hex:)),
      let startCount = cells[1].integer, let digest = cells[2].string.flatMap(Digest.init(hex:)),
      let bytes = cells[3].integer, let offset = cells[4].integer, let isTerminated = cells[5].bool
    else { return nil }
    self.init(
      start: start, startCount: Int(startCount), digest: digest, byteCount: Int(bytes), byteOffset: Int(offset),
      isTerminated: isTerminated)
  }
}
