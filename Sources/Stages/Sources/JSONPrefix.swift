import JSONTape

/// The beginning of a JSON document, made a document.
enum JSONPrefix {
  /// What is whole in `bytes`, with the brackets around it closed. nil: nothing is, or it is not JSON.
  ///
  /// The end of a document of many megabytes says no more about its shape than its first record.
  static func parse(_ bytes: [UInt8], isWhole: Bool) -> JSON? {
    if isWhole { return try? JSON.parse(bytes) }
    guard let cut = lastWholeValue(bytes) else { return nil }
    return try? JSON.parse(Array(bytes[..<cut.end]) + cut.closers)
  }

  /// The end of the last value that is followed by a comma or a closing bracket, and what closes the brackets around
  /// it.
  private static func lastWholeValue(_ bytes: [UInt8]) -> (end: Int, closers: [UInt8])? {
    var open: [UInt8] = []
    var cut: (end: Int, closers: [UInt8])?
    var inString = false
    var index = 0
    while index < bytes.count {
      switch (inString, bytes[index]) {
      case (true, UInt8(ascii: "\\")): index += 1
      case (_, UInt8(ascii: "\"")): inString.toggle()
      case (false, UInt8(ascii: "{")): open.append(UInt8(ascii: "}"))
      case (false, UInt8(ascii: "[")): open.append(UInt8(ascii: "]"))
      case (false, UInt8(ascii: "}")), (false, UInt8(ascii: "]")):
        guard open.popLast() == bytes[index] else { return nil }
        cut = (index + 1, open.reversed())
      case (false, UInt8(ascii: ",")):
        cut = (index, open.reversed())
      default: break
      }
      index += 1
    }
    return cut
  }
}
