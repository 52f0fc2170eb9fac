import COpenSSL
import Receipts

/// An Ed25519 key (RFC 8032) of OpenSSL's, freed with this.
private final class KeyHandle: @unchecked Sendable {
  // Keys are not changed once they are made.
  let key: OpaquePointer

  init(_ key: OpaquePointer) { self.key = key }

  deinit { EVP_PKEY_free(key) }
}

/// The public half: checks signatures.
package struct PublicKey: Sendable {
  private let handle: KeyHandle
  /// SHA-256 of the key's DER form (SubjectPublicKeyInfo, RFC 8410), in hex.
  package let id: String

  /// - Parameters:
  ///   - pem: `-----BEGIN PUBLIC KEY-----…`, as `openssl pkey -pubout` writes it.
  ///   - place: named in the error.
  package init(pem: [UInt8], place: String) throws(DistillError) {
    let key = PEM.read(pem) { PEM_read_bio_PUBKEY($0, nil, nil, nil) }
    guard let key else {
      throw DistillError(
        .data, "this is no public key in PEM form", place: place, hint: "`openssl pkey -pubout` writes one.")
    }
    try self.init(KeyHandle(key), place)
  }

  fileprivate init(_ handle: KeyHandle, _ place: String) throws(DistillError) {
    guard EVP_PKEY_get_base_id(handle.key) == EVP_PKEY_ED25519 else {
      throw DistillError(.data, "this is no Ed25519 key", place: place, hint: "`distill-make keygen` makes one.")
    }
    self.handle = handle
    var bytes: UnsafeMutablePointer<UInt8>?
    let count = i2d_PUBKEY(handle.key, &bytes)
    guard count > 0, let bytes else { throw DistillError(.internalFault, "OpenSSL gave no public key", place: place) }
    defer { CRYPTO_free(bytes, "", 0) }
    id = Digest.of(UnsafeRawBufferPointer(start: bytes, count: Int(count))).hex
  }

  package var pem: [UInt8] { PEM.write { PEM_write_bio_PUBKEY($0, handle.key) } }

  package func isSignature(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("OpenSSL has no memory for a signature") }
    defer { EVP_MD_CTX_free(context) }
    return EVP_DigestVerifyInit(context, nil, nil, nil, handle.key) == 1
      && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}

/// The private half: signs.
package struct SigningKey: Sendable {
  private let handle: KeyHandle
  package let publicKey: PublicKey

  /// A new key, from the system's random numbers.
  package static func generate() throws(DistillError) -> SigningKey {
    var key: OpaquePointer?
    let context = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil)
    defer { EVP_PKEY_CTX_free(context) }
    guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_keygen(context, &key) == 1, let key else {
      throw DistillError(.internalFault, "OpenSSL made no key")
    }
    return try SigningKey(KeyHandle(key), "the new key")
  }

  /// - Parameters:
  ///   - pem: `-----BEGIN PRIVATE KEY-----…` (PKCS #8), as `openssl genpkey -algorithm ed25519` writes it, without a
  ///     passphrase.
  ///   - place: named in the error.
  package init(pem: [UInt8], place: String) throws(DistillError) {
    // Without an answer of ours OpenSSL would ask for the passphrase at the terminal.
    let key = PEM.read(pem) { PEM_read_bio_PrivateKey($0, nil, { _, _, _, _ in -1 }, nil) }
    guard let key else {
      throw DistillError(
        .data, "this is no private key in PEM form without a passphrase", place: place,
        hint: "`distill-make keygen` or `openssl genpkey -algorithm ed25519` makes one.")
    }
    try self.init(KeyHandle(key), place)
  }

  private init(_ handle: KeyHandle, _ place: String) throws(DistillError) {
    self.handle = handle
    publicKey = try PublicKey(handle, place)
  }

  package var pem: [UInt8] { PEM.write { PEM_write_bio_PrivateKey($0, handle.key, nil, nil, 0, nil, nil) } }

  /// 64 bytes, always the same for the same message.
  package func sign(_ message: [UInt8]) -> [UInt8] {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("OpenSSL has no memory for a signature") }
    defer { EVP_MD_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: 64)
    var count = signature.count
    let isSigned =
      EVP_DigestSignInit(context, nil, nil, nil, handle.key) == 1
      && EVP_DigestSign(context, &signature, &count, message, message.count) == 1
    precondition(isSigned && count == signature.count, "OpenSSL refused to sign")
    return signature
  }
}

/// PEM text by way of OpenSSL's memory.
private enum PEM {
  static func read(_ text: [UInt8], _ body: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? {
    guard let bio = BIO_new_mem_buf(text, Int32(text.count)) else { return nil }
    defer {
      BIO_free(bio)
      ERR_clear_error()
    }
    return body(bio)
  }

  static func write(_ body: (OpaquePointer) -> Int32) -> [UInt8] {
    guard let bio = BIO_new(BIO_s_mem()) else { preconditionFailure("OpenSSL has no memory for a key") }
    defer { BIO_free(bio) }
    precondition(body(bio) == 1, "OpenSSL refused to write a key")
    var text: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 1024)
    while true {
      let count = BIO_read(bio, &part, Int32(part.count))
      if count <= 0 { return text }
      text += part[..<Int(count)]
    }
  }
}
