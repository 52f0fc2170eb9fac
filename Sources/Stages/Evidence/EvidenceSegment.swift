import JSONTape
import Receipts

/// A log file, or a segment of an uncompressed .jsonl, as the action's parameters describe it.
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
  }
}
