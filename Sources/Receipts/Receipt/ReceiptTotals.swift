import JSONTape

/// The numbers of a receipt, which anyone can write, must add up to less than 2^60: then whoever sums some of them, or
/// one of them some times, stays within 64 bits.
enum ReceiptTotals {
  static let limit: Int64 = 1 << 60

  /// - Throws: where the bytes or the records of all files are too many.
  static func check(_ files: [Receipt.File], _ name: String) throws(FieldError) {
    var (bytes, records): (Int64, Int64) = (0, 0)
    for file in files {
      bytes = bytes.addingSaturated(Int64(file.byteCount))
      records = records.addingSaturated(Int64(file.recordCount))
    }
    if max(bytes, records) >= limit { throw tooMuch(name) }
  }

  /// - Throws: where the whole numbers at any depth of `counts` are too much, their signs aside.
  static func check(_ counts: JSON, _ name: String) throws(FieldError) {
    if total(of: counts) >= limit { throw tooMuch(name) }
  }

  private static func total(of value: JSON) -> Int64 {
    switch value {
    case .integer(let number): Int64(clamping: number.magnitude)
    case .array(let values): values.reduce(0) { $0.addingSaturated(total(of: $1)) }
    case .object(let members): members.reduce(0) { $0.addingSaturated(total(of: $1.value)) }
    default: 0
    }
  }

  private static func tooMuch(_ name: String) -> FieldError {
    FieldError(text: "the numbers of \"\(name)\" add up to more than 2^60")
  }
}
