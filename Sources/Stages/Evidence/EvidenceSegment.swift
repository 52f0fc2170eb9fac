import JSONTape
import Receipts

/// A log file, or a segment of one, as the action's parameters describe it.
struct EvidenceSegment {
  var input: String
  var path: String
  var captures: JSONObject
  var format: Source.Format
  var unit: Source.Unit
  var compression: Compression
  /// Place of the segment's first byte and line in the file.
  var offset: Int
  var line: Int
  /// The file ends with this segment.
  var isFinal: Bool
  /// The input with the document around these records, in which their array is empty; nil: the segment is no part of a
  /// document.
  var frame: String?
  /// Why the document is no JSON, if that is known already; the bytes are then its beginning.
  var fault: Fault?
  /// Why nothing follows the segment, though its log was compressed and is not whole.
  var damage: CompressionDamage?

  /// Follows the segment's bytes, and is longer than any line that is mapped.
  var longLine: LongLine?

  struct LongLine {
    /// The input with its first bytes.
    var input: String
    var digest: Digest
    var byteCount: Int
    var offset: Int
    var isTerminated: Bool
  }

  struct Fault {
    var message: String
    /// Of the whole file.
    var digest: Digest
    var byteCount: Int
  }

  init(
    input: String, path: String, captures: JSONObject = [:], format: Source.Format, unit: Source.Unit,
    compression: Compression = .none, offset: Int = 0, line: Int = 0, isFinal: Bool = true
  ) {
    self.input = input
    self.path = path
    self.captures = captures
    self.format = format
    self.unit = unit
    self.compression = compression
    self.offset = offset
    self.line = line
    self.isFinal = isFinal
  }

  init(_ json: JSON) throws(DistillError) {
    guard let input = json["input"]?.string, let path = json["path"]?.string,
      let format = json["format"]?.string.flatMap({ Source.Format(rawValue: $0) }),
      let unit = json["unit"]?.string.flatMap({ Source.Unit(rawValue: $0) }),
      let compression = json["compression"]?.string.flatMap({ Compression(rawValue: $0) }),
      let offset = json["offset"]?.integer, let line = json["line"]?.integer, let isFinal = json["final"]?.bool
    else { throw DistillError(.internalFault, "a file in the parameters of evidence.map lacks a member") }
    self.init(
      input: input, path: path, captures: json["captures"]?.object ?? [:], format: format, unit: unit,
      compression: compression, offset: Int(offset), line: Int(line), isFinal: isFinal)
    frame = json["frame"]?.string
    damage = json["damage"]?.string.map(CompressionDamage.init(message:))
    if let fault = json["fault"], !fault.isNull {
      guard let message = fault["message"]?.string, let digest = fault["sha256"]?.string.flatMap(Digest.init(hex:)),
        let bytes = fault["bytes"]?.integer
      else { throw DistillError(.internalFault, "a fault in the parameters of evidence.map lacks a member") }
      self.fault = Fault(message: message, digest: digest, byteCount: Int(bytes))
    }
    if let line = json["long"], !line.isNull {
      guard let input = line["input"]?.string, let digest = line["sha256"]?.string.flatMap(Digest.init(hex:)),
        let bytes = line["bytes"]?.integer, let offset = line["offset"]?.integer,
        let isTerminated = line["terminated"]?.bool
      else { throw DistillError(.internalFault, "a long line in the parameters of evidence.map lacks a member") }
      longLine = LongLine(
        input: input, digest: digest, byteCount: Int(bytes), offset: Int(offset), isTerminated: isTerminated)
    }
  }
}
