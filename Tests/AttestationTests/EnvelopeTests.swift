import Foundation
import Receipts
import Testing

@testable import Attestation

@Suite("Envelopes and keys")
struct EnvelopeTests {
  @Test("Base64 is RFC 4648's, and each text has one reading")
  func base64() {
    let vectors = [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
      ("foobar", "Zm9vYmFy"),
    ]
    for (plain, text) in vectors {
      #expect(Base64.encode(Array(plain.utf8)) == text)
      #expect(Base64.decode(text) == Array(plain.utf8))
    }
    // Bits that decode to nothing, missing or surplus padding, the other alphabet, white space.
    for text in ["Zh==", "Zm9=", "Zg", "Zg=", "Zm9v=", "Z===", "Z", "-_==", "Zm9v\n", "Zm 9v", "=Zm9"] {
      #expect(Base64.decode(text) == nil, "\(text)")
    }
    let all = (0..<256).map { UInt8($0) }
    #expect(Base64.decode(Base64.encode(all)) == all)
  }

  /// The vector of the protocol's specification (secure-systems-lab/dsse, protocol.md): its signature (ECDSA on P-256)
  /// is of these very bytes, as OpenSSL confirms.
  @Test("the pre-authentication encoding is that of the published vector")
  func publishedVector() throws {
    let type = "http://example.com/HelloWorld"
    let encoding = Envelope.preAuthenticationEncoding(type: type, payload: Array("hello world".utf8))
    #expect(String(decoding: encoding, as: UTF8.self) == "DSSEv1 29 http://example.com/HelloWorld 11 hello world")
    #expect(Base64.decode("aGVsbG8gd29ybGQ=") == Array("hello world".utf8))

    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dsse-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let raw = try #require(
      Base64.decode("A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="))
    func integer(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
      let value = bytes.first! >= 0x80 ? [0] + bytes : Array(bytes)
      return [0x02, UInt8(value.count)] + value
    }
    let body = integer(raw[..<32]) + integer(raw[32...])
    try Data([0x30, UInt8(body.count)] + body).write(to: folder.appendingPathComponent("signature"))
    try Data(encoding).write(to: folder.appendingPathComponent("message"))
    try Data(
      """
      -----BEGIN PUBLIC KEY-----
      MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ805D3eqNZywjCI19lInBJOp7YMr
      CrzAH3CVTAOQ0jgMeCvVTiaRJaRPRDOv8UMs6U4SvKc6pnrIDOoSYI3fdA==
      -----END PUBLIC KEY-----

      """.utf8
    ).write(to: folder.appendingPathComponent("key.pem"))
    #expect(
      try openssl(["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "message"], in: folder) == 0)
    try Data(encoding + [0x20]).write(to: folder.appendingPathComponent("message"))
    #expect(
      try openssl(["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "message"], in: folder) != 0)
  }

  private func openssl(_ arguments: [String], in folder: URL) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    process.currentDirectoryURL = folder
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// A PKCS #8 key with a seed, as `openssl genpkey` writes it.
  private func key(seed: String) throws -> SigningKey {
    let der = bytes("302e020100300506032b657004220420" + seed)
    return try SigningKey(
      pem: Array("-----BEGIN PRIVATE KEY-----\n\(Base64.encode(der))\n-----END PRIVATE KEY-----\n".utf8), place: "test")
  }

  private func bytes(_ hex: String) -> [UInt8] {
    let digits = hex.utf8.map { UInt8(Int(String(Unicode.Scalar($0)), radix: 16)!) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  @Test("signatures are those of RFC 8032, section 7.1")
  func ed25519() throws {
    let vectors = [
      (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
      ),
      (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
      ),
    ]
    for (seed, message, signature) in vectors {
      let key = try key(seed: seed)
      #expect(key.sign(bytes(message)) == bytes(signature))
      #expect(key.publicKey.isSignature(bytes(signature), of: bytes(message)))
      #expect(!key.publicKey.isSignature(bytes(signature), of: bytes(message) + [0]))
      #expect(!key.publicKey.isSignature([], of: bytes(message)))
    }
  }

  @Test("an envelope is read strictly, and no flipped bit of it holds")
  func envelope() throws {
    let key = try SigningKey.generate()
    let envelope = Envelope.signed(Array("{\"a\":1}".utf8), type: Statement.payloadType, by: key)
    #expect(envelope.isSigned(by: key.publicKey))
    #expect(try !envelope.isSigned(by: SigningKey.generate().publicKey))
    #expect(Envelope(line: envelope.line) == envelope)
    for place in envelope.line.indices {
      for bit in 0..<8 {
        var line = envelope.line
        line[place] ^= 1 << UInt8(bit)
        guard let read = Envelope(line: line) else { continue }
        #expect(!read.isSigned(by: key.publicKey) || read.keyID != key.publicKey.id, "byte \(place), bit \(bit)")
      }
    }
  }

  @Test("keys go through PEM, and what is no such key is refused")
  func pem() throws {
    let key = try SigningKey.generate()
    let message = Array("message".utf8)
    let again = try SigningKey(pem: key.pem, place: "test")
    #expect(again.sign(message) == key.sign(message))
    let half = try PublicKey(pem: key.publicKey.pem, place: "test")
    #expect(half.id == key.publicKey.id && half.isSignature(key.sign(message), of: message))
    #expect(throws: DistillError.self) { try SigningKey(pem: key.publicKey.pem, place: "test") }
    #expect(throws: DistillError.self) { try PublicKey(pem: key.pem, place: "test") }
    #expect(throws: DistillError.self) { try PublicKey(pem: [], place: "test") }
  }
}
