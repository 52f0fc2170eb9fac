import JSONTape
import Receipts

/// A DSSE envelope (Dead Simple Signing Envelope, v1.0) with one signature.
package struct Envelope: Sendable, Hashable {
  package var payload: [UInt8]
  package var payloadType: String
  package var keyID: String
  package var signature: [UInt8]

  /// What is signed: `DSSEv1`, and type and payload with their lengths before them.
  package static func preAuthenticationEncoding(type: String, payload: [UInt8]) -> [UInt8] {
    Array("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8) + payload
  }

  package static func signed(_ payload: [UInt8], type: String, by key: SigningKey) -> Envelope {
    Envelope(
      payload: payload, payloadType: type, keyID: key.publicKey.id,
      signature: key.sign(preAuthenticationEncoding(type: type, payload: payload)))
  }

  package func isSigned(by key: PublicKey) -> Bool {
    key.isSignature(signature, of: Self.preAuthenticationEncoding(type: payloadType, payload: payload))
  }

  /// One line of JSON, without a line end.
  package var line: [UInt8] {
    let tree: JSON = [
      "payload": .string(Base64.encode(payload)), "payloadType": .string(payloadType),
      "signatures": [["keyid": .string(keyID), "sig": .string(Base64.encode(signature))]],
    ]
    return tree.encoded()
  }

  /// Strict: nil unless the bytes are what `line` writes.
  package init?(line: [UInt8]) {
    guard let tree = try? JSON.parse(line), let payload = tree["payload"]?.string.flatMap(Base64.decode),
      let type = tree["payloadType"]?.string, let signatures = tree["signatures"]?.array, signatures.count == 1,
      let keyID = signatures[0]["keyid"]?.string, let signature = signatures[0]["sig"]?.string.flatMap(Base64.decode)
    else { return nil }
    self.init(payload: payload, payloadType: type, keyID: keyID, signature: signature)
    guard self.line == line else { return nil }
  }

  package init(payload: [UInt8], payloadType: String, keyID: String, signature: [UInt8]) {
    self.payload = payload
    self.payloadType = payloadType
    self.keyID = keyID
    self.signature = signature
  }
}
