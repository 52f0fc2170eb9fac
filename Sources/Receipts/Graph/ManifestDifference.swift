import JSONTape

/// Keeps what a manifest says, so that two can be compared.
struct RecordingSink: ManifestSink {
  private(set) var inputs: [(name: String, digest: Digest)] = []
  private(set) var parameters = JSON.null
  private(set) var tool: Digest?

  init(_ manifest: KeyManifest) { manifest.describe(to: &self) }

  /// A receipt does not say the function: that it changed shows when nothing else did.
  mutating func function(_ name: String) {}
  mutating func input(name: String, digest: Digest, byteCount: Int) { inputs.append((name, digest)) }
  mutating func parameters(_ parameters: JSON) { self.parameters = parameters }
  mutating func tool(_ digest: Digest) { tool = digest }
}

/// Why two keys of a stage differ: each part of the manifest that is not the same, with its old and its new value.
package enum ManifestDifference {
  static func reasons(from old: KeyManifest, to new: KeyManifest) -> [StageReason] {
    let (before, after) = (RecordingSink(old), RecordingSink(new))
    var reasons: [StageReason] = []
    if let before = before.tool, let after = after.tool, before != after {
      reasons.append(.toolChanged(old: before, new: after))
    }
    reasons += parameters(before.parameters, after.parameters)
    reasons += inputs(before.inputs, after.inputs)
    return reasons
  }

  private static func inputs(
    _ old: [(name: String, digest: Digest)], _ new: [(name: String, digest: Digest)]
  ) -> [StageReason] {
    let before = Dictionary(old.map { (ExactString($0.name), $0.digest) }, uniquingKeysWith: { first, _ in first })
    let now = Set(new.map { ExactString($0.name) })
    var reasons: [StageReason] = []
    for input in new {
      switch before[ExactString(input.name)] {
      case nil: reasons.append(.inputAdded(RelativePath(unchecked: input.name)))
      case let digest? where digest != input.digest:
        reasons.append(.inputChanged(RelativePath(unchecked: input.name), old: digest, new: input.digest))
      default: break
      }
    }
    for input in old where !now.contains(ExactString(input.name)) {
      reasons.append(.inputRemoved(RelativePath(unchecked: input.name)))
    }
    return reasons
  }

  /// Each leaf at which two trees differ, by its JSON Pointer (RFC 6901).
  package static func parameters(_ old: JSON, _ new: JSON, at pointer: String = "") -> [StageReason] {
    if old == new { return [] }
    var reasons: [StageReason] = []
    switch (old, new) {
    case (.object(let before), .object(let after)):
      for (key, value) in before {
        reasons += parameters(value, after[key] ?? .null, at: "\(pointer)/\(key.pointerToken)")
      }
      for (key, value) in after where before[key] == nil {
        reasons += parameters(.null, value, at: "\(pointer)/\(key.pointerToken)")
      }
    case (.array(let before), .array(let after)) where before.count == after.count:
      for (index, pair) in zip(before, after).enumerated() {
        reasons += parameters(pair.0, pair.1, at: "\(pointer)/\(index)")
      }
    default:
      // The order of members is not in a key.
      let (before, after) = (old.canonicalString, new.canonicalString)
      if before == after { return [] }
      reasons.append(.parametersChanged(path: pointer.isEmpty ? "/" : pointer, old: before, new: after))
    }
    return reasons
  }
}
