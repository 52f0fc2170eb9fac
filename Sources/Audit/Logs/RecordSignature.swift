import JSONTape
import Receipts

/// `sig_hash` by the auditor: SHA-256 of the canonical JSON of a record. One a thread.
final class RecordSignature {
  private let parser = JSONParser()
  private let canonical = CanonicalWriter()
  private let text = ByteBuffer()

  /// nil: the bytes are no JSON, or an object has a key twice.
  func of(_ bytes: ByteSlice) -> Digest? {
    guard let record = try? parser.parse(copying: bytes) else { return nil }
    text.removeAll()
    guard (try? canonical.write(record, to: text)) != nil else { return nil }
    return Digest.of(text.bytes)
  }
}
