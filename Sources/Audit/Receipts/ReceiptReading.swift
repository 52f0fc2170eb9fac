import JSONTape
import Receipts
import Stages

/// A stage's newest receipt as the auditor read it.
struct StageReceipt: Sendable {
  var stage: StageName
  var receipt: Receipt
  /// `receipt_sha256`.
  var digest: Digest
  var bytes: [UInt8]
}

/// Reads one receipt strictly, without trusting the hashes in it.
struct ReceiptReading {
  let log: FindingLog

  /// Reports everything that is wrong with the bytes.
  /// - Parameters:
  ///   - path: where they are, a workspace path.
  ///   - stage: whose receipt it should be; nil: any stage's.
  /// - Returns: nil: something is wrong, so nothing that the receipt says can be built upon.
  func read(_ bytes: [UInt8], path: String, stage: StageName?) -> StageReceipt? {
    let parser = JSONParser()
    defer { withExtendedLifetime(parser) {} }
    let text = ByteBuffer(capacity: bytes.count)
    defer { withExtendedLifetime(text) {} }
    bytes.withUnsafeBytes { text.append($0) }
    guard isWellFormed(text.bytes, parser, path) else { return nil }
    let receipt: Receipt
    do throws(DistillError) {
      receipt = try ReceiptCodec.parse(bytes, place: path)
    } catch {
      report(path, "a receipt of format \(ReceiptCodec.schema)", error.message)
      return nil
    }
    guard let value = try? parser.parse(text.bytes), let digest = checkedDigest(value, text.bytes, path),
      isMeaningful(receipt, path, stage)
    else { return nil }
    return StageReceipt(stage: receipt.stage, receipt: receipt, digest: digest, bytes: bytes)
  }

  private func report(_ path: String, _ expected: String, _ found: String, member: String? = nil) {
    log.add(.receiptMalformed, path: path, member: member, expected: expected, found: found)
  }

  private func isWellFormed(_ text: ByteSlice, _ parser: JSONParser, _ path: String) -> Bool {
    let value: JSONValue
    do throws(JSONError) {
      value = try parser.parse(text)
    } catch {
      report(path, "JSON", "\(error.reason) at byte \(error.offset)")
      return false
    }
    let violations = RecordSchema.receipt.violations(of: value)
    for violation in violations { report(path, "a receipt as `distill-make schema receipt` describes it", violation) }
    return violations.isEmpty && isCanonical(value, text, path)
  }

  /// One line: the members without white space, each in the form of RFC 8785.
  private func isCanonical(_ value: JSONValue, _ text: ByteSlice, _ path: String) -> Bool {
    let canonical = CanonicalWriter()
    let buffer = ByteBuffer()
    var first = true
    for (key, member) in value.members {
      buffer.append(first ? "{\"" : ",\"")
      buffer.append(key)
      buffer.append("\":")
      first = false
      do throws(JSONError) {
        try canonical.write(member, to: buffer)
      } catch {
        report(path, "each key once", error.reason, member: "/\(key.string())")
        return false
      }
    }
    buffer.append("}\n")
    if buffer.bytes == text { return true }
    let place = zip(buffer.bytes.buffer, text.buffer).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    report(
      path, "canonical JSON (RFC 8785) on one line",
      "another spelling from byte \(place ?? min(buffer.count, text.count)) on")
    return false
  }

  /// `receipt_sha256`; nil: it, or `core_sha256`, does not hold.
  private func checkedDigest(_ value: JSONValue, _ text: ByteSlice, _ path: String) -> Digest? {
    func claimed(_ name: StaticString) -> Digest? { value.member(name)?.string.flatMap { Digest(hex: $0.string()) } }
    guard let core = value.member("core"), let coreHash = claimed("core_sha256"), let own = claimed("receipt_sha256")
    else { return nil }
    let coreDigest = Digest.of(core.token)
    if coreDigest != coreHash {
      log.add(
        .coreHashMismatch, path: path, member: "/core_sha256", expected: "\(coreDigest), of the core",
        found: coreHash.hex)
    }
    // It is the last member: the schema has said so.
    let hasher = SHA256()
    hasher.update(text[0..<text.count - ",\"receipt_sha256\":\"\(own.hex)\"}\n".utf8.count])
    hasher.update("}\n")
    let digest = hasher.finish()
    if digest != own {
      log.add(
        .receiptHashMismatch, path: path, member: "/receipt_sha256",
        expected: "\(digest), of the file without that member", found: own.hex)
    }
    return coreDigest == coreHash && digest == own ? own : nil
  }

  /// What no schema says.
  private func isMeaningful(_ receipt: Receipt, _ path: String, _ stage: StageName?) -> Bool {
    var isMeaningful = true
    if let stage, receipt.stage != stage {
      report(path, stage.text, receipt.stage.text, member: "/stage")
      isMeaningful = false
    }
    let outputs = receipt.core.outputs
    for (index, pair) in zip(outputs, outputs.dropFirst()).enumerated() where !(pair.0.path < pair.1.path) {
      report(path, "a path behind \(pair.0.path)", pair.1.path.string, member: "/core/outputs/\(index + 1)/path")
      isMeaningful = false
    }
    // Inputs stand in the order of the stages that wrote them.
    var inputs: Set<RelativePath> = []
    for (index, input) in receipt.core.inputs.enumerated() where !inputs.insert(input.path).inserted {
      report(path, "each input once", "\(input.path) again", member: "/core/inputs/\(index)/path")
      isMeaningful = false
    }
    return isMeaningful
  }
}
