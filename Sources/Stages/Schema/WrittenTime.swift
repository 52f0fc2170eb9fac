import JSONTape
import Receipts

extension Timestamp {
  init?(rfc3339 text: String) {
    var text = text
    let value = text.withUTF8 { Timestamp(ByteSlice($0), defaultOffsetSeconds: 0) }
    guard let value else { return nil }
    self = value
  }
}
