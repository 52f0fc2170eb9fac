import JSONTape

/// Where the record of an evidence row stands, read from the row's last bytes as this program writes them:
/// `…,"source_file":"a.jsonl","line_offset":0,"byte_offset":0,"byte_length":9,"sig_hash":"…","recorded_at":null}}`.
struct RowTail {
  var file: ByteSlice
  /// Of the record in its log.
  var offset: Int
  var byteCount: Int
  /// 64 hex digits.
  var sigHash: ByteSlice

  /// nil: the row does not end like this, or a character of the path is escaped.
  init?(_ row: ByteSlice) {
    guard let start = Self.last(#","source_file":""#, in: row) else { return nil }
    var place = start
    func take(_ text: StaticString) -> Bool {
      guard row[place..<row.count].hasPrefix(text) else { return false }
      place += text.utf8CodeUnitCount
      return true
    }
    func number() -> Int? {
      let first = place
      var value = 0
      while place < row.count, (0x30...0x39).contains(row[place]), place - first < 18 {
        value = value * 10 + Int(row[place] - 0x30)
        place += 1
      }
      return place > first ? value : nil
    }
    guard let end = row.firstIndex(of: UInt8(ascii: "\""), from: start) else { return nil }
    file = row[start..<end]
    place = end
    guard file.firstIndex(of: UInt8(ascii: "\\")) == nil, take(#"","line_offset":"#), number() != nil,
      take(#","byte_offset":"#), let offset = number(), take(#","byte_length":"#), let byteCount = number(),
      take(#","sig_hash":""#), row.count - place > 64
    else { return nil }
    self.offset = offset
    self.byteCount = byteCount
    sigHash = row[place..<place + 64]
    place += 64
    guard take(#"","recorded_at":"#) else { return nil }
  }

  /// Behind the last place of `key`. A quote inside of a string has a backslash before it, so it can only be a key.
  private static func last(_ key: StaticString, in row: ByteSlice) -> Int? {
    let length = key.utf8CodeUnitCount
    var start = row.count - length
    while start >= 0 {
      if row[start] == UInt8(ascii: ","), row[start..<row.count].hasPrefix(key) { return start + length }
      start -= 1
    }
    return nil
  }
}
