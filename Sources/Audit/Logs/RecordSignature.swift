import JSONTape
import Receipts

/// `sig_hash` by the auditor: SHA-256 of the canonical JSON of a record. One a thread.
final class RecordSignature {
  private struct Signed {
    /// Of the record's first byte.
    var address: UInt
    var byteCount: Int
    var digest: Digest
  }

  private let parser = JSONParser()
  private let canonical = CanonicalWriter()
  private let text = ByteBuffer()
  /// What was signed while a log was mapped.
  private var signed: [Signed] = []
  private var isOrdered = true

  /// nil: the bytes are no JSON, or an object has a key twice.
  func of(_ bytes: ByteSlice) -> Digest? {
    guard let record = try? parser.parse(copying: bytes) else { return nil }
    return try? of(record)
  }

  private func of(_ record: JSONValue) throws(JSONError) -> Digest {
    text.removeAll()
    try canonical.write(record, to: text)
    return Digest.of(text.bytes)
  }

  // MARK: Records that somebody else reads

  /// Forgets what was signed: other bytes may stand at the same addresses.
  func forgetSigned() { signed.removeAll(keepingCapacity: true) }

  /// Signs a record that is parsed where it stands, and remembers where that is.
  func sign(_ record: JSONValue) throws(JSONError) -> Digest {
    let digest = try of(record)
    let bytes = record.token
    if let base = bytes.buffer.baseAddress {
      isOrdered = false
      signed.append(Signed(address: UInt(bitPattern: base), byteCount: bytes.count, digest: digest))
    }
    return digest
  }

  /// The signature of the record that was read from exactly these bytes; nil: there was none.
  func signed(_ bytes: ByteSlice) -> Digest? {
    if !isOrdered { signed.sort { $0.address < $1.address } }
    isOrdered = true
    let address = UInt(bitPattern: bytes.buffer.baseAddress)
    var low = 0
    var high = signed.count
    while low < high {
      let middle = (low + high) / 2
      if signed[middle].address < address { low = middle + 1 } else { high = middle }
    }
    guard low < signed.count, signed[low].address == address, signed[low].byteCount == bytes.count else { return nil }
    return signed[low].digest
  }
}
