import COpenSSL
import JSONTape

/// SHA-256 as a stream. One a worker; the context is reused from digest to digest.
public final class SHA256 {
  /// Fetched once: a look-up by name for each digest costs as much as hashing a short record. Never freed or changed.
  nonisolated(unsafe) static let algorithm: OpaquePointer = {
    guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else {
      preconditionFailure("OpenSSL offers no SHA-256")
    }
    return algorithm
  }()

  private let context: OpaquePointer

  public init() {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("OpenSSL has no memory for a digest") }
    self.context = context
    start()
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  public func update(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    let result = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    precondition(result == 1, "OpenSSL refused to hash")
  }

  public func update(_ bytes: ByteSlice) { update(bytes.raw) }

  /// The text's UTF-8 bytes.
  public func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// The digest of all updates since the last `finish`; the next update begins a new one.
  public func finish() -> Digest {
    let digest = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { output in
      let result = EVP_DigestFinal_ex(context, output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
      precondition(result == 1, "OpenSSL refused to finish a digest")
      return Digest(bytes: UnsafeRawBufferPointer(output))
    }
    start()
    return digest
  }

  private func start() {
    let result = EVP_DigestInit_ex2(context, Self.algorithm, nil)
    precondition(result == 1, "OpenSSL refused to start a digest")
  }
}
