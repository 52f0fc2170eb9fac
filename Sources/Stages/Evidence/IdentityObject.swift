import JSONTape

/// An object of a jq program without `map`: it carries the evidence fields under their own names.
enum IdentityObject {
  private static let known =
    EvidenceField.allCases.map(\.rawValue) + ["validation_results", "about", "judged_by"]

  /// An unknown name is a mistake that would lose a field in silence.
  static func check(_ object: JSONValue) throws(RecordViolation) {
    for (key, _) in object.members where !known.contains(where: { key == $0 }) {
      throw RecordViolation(.schemaViolation, "the jq program's output has the unknown field \"\(key.string())\"")
    }
    guard let about = object.member("about"), !about.isNull else { return }
    guard about.kind == .object else {
      throw about.unexpected("an object", field: "about", origin: "the jq program's output")
    }
    for (key, _) in about.members where !AboutRecord.keys.contains(where: { key == $0 }) {
      throw RecordViolation(.schemaViolation, "about: the jq program's output has the unknown key \"\(key.string())\"")
    }
  }
}
