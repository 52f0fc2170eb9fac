import JSONTape
import Receipts
import Stages

/// A stage's newest receipt as the auditor read it.
struct StageReceipt: Sendable {
  var stage: StageName
  var receipt: Receipt
  /// What the file says it is, right or not.
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
  /// - Returns: nil: nothing can be read from it.
  func read(_ bytes: [UInt8], path: String, stage: StageName?) -> StageReceipt? {
    let parser = JSONParser()
    defer { withExtendedLifetime(parser) {} }
    let text = ByteBuffer(capacity: bytes.count)
    defer { withExtendedLifetime(text) {} }
    bytes.withUnsafeBytes { text.append($0) }
    let known = malformed(text.bytes, parser, path)
    let receipt: Receipt
    do throws(DistillError) {
      receipt = try ReceiptCodec.parse(bytes, place: path)
    } catch {
      // One finding says it, if the schema did not.
      if !known { report(path, "a receipt of format \(ReceiptCodec.schema)", error.message) }
      return nil
    }
    guard let value = try? parser.parse(text.bytes), let claimed = checkHashes(value, text.bytes, path) else {
      return nil
    }
    checkMeaning(receipt, path, stage)
    return StageReceipt(stage: receipt.stage, receipt: receipt, digest: claimed, bytes: bytes)
  }

  private func report(_ path: String, _ expected: String, _ found: String, member: String? = nil) {
    log.add(.receiptMalformed, path: path, member: member, expected: expected, found: found)
  }

  /// Returns whether something was reported.
  private func malformed(_ text: ByteSlice, _ parser: JSONParser, _ path: String) -> Bool {
    let value: JSONValue
    do throws(JSONError) {
      value = try parser.parse(text)
    } catch {
      report(path, "JSON", "\(error.reason) at byte \(error.offset)")
      return true
    }
    let violations = RecordSchema.receipt.violations(of: value)
    for violation in violations { report(path, "a receipt as `distill-make schema receipt` describes it", violation) }
    guard violations.isEmpty else { return true }
    return !isCanonical(value, text, path)
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

  /// Returns `receipt_sha256` as it is written; nil: there is none that could be.
  private func checkHashes(_ value: JSONValue, _ text: ByteSlice, _ path: String) -> Digest? {
    func claimed(_ name: StaticString) -> Digest? { value.member(name)?.string.flatMap { Digest(hex: $0.string()) } }
    guard let core = value.member("core"), let coreHash = claimed("core_sha256"), let own = claimed("receipt_sha256")
    else { return nil }
    let found = Digest.of(core.token)
    if found != coreHash {
      log.add(
        .coreHashMismatch, path: path, member: "/core_sha256", expected: "\(found), of the core", found: coreHash.hex)
    }
    let member = ",\"receipt_sha256\":\"\(own.hex)\"}\n"
    guard text.count > member.utf8.count, text[text.count - member.utf8.count..<text.count] == member else {
      return own
    }
    let hasher = SHA256()
    hasher.update(text[0..<text.count - member.utf8.count])
    hasher.update("}\n")
    let whole = hasher.finish()
    if whole != own {
      log.add(
        .receiptHashMismatch, path: path, member: "/receipt_sha256",
        expected: "\(whole), of the file without that member", found: own.hex)
    }
    return own
  }

  /// What no schema says.
  private func checkMeaning(_ receipt: Receipt, _ path: String, _ stage: StageName?) {
    if let stage, receipt.stage != stage {
      report(path, stage.text, receipt.stage.text, member: "/stage")
    }
    for (name, files) in [("inputs", receipt.core.inputs), ("outputs", receipt.core.outputs)] {
      for (index, pair) in zip(files, files.dropFirst()).enumerated() where !(pair.0.path < pair.1.path) {
        report(
          path, "a path behind \(pair.0.path)", pair.1.path.string, member: "/core/\(name)/\(index + 1)/path")
      }
    }
  }
}
