import JSONTape

/// What is wrong with a member of a file of ours.
struct FieldError: Error {
  var text: String
}

/// An object of a file of ours, read strictly: each getter says which member is missing or of another type.
struct Fields {
  private let object: JSONObject
  /// `core.tool`, for messages.
  private let path: String

  init(_ value: JSON, at path: String) throws(FieldError) {
    guard let object = value.object else { throw FieldError(text: "\(path.isEmpty ? "it" : path) is not an object") }
    self.object = object
    self.path = path
  }

  private func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  func only(_ keys: Set<String>) throws(FieldError) {
    for (key, _) in object where !keys.contains(key) { throw FieldError(text: "unknown key \"\(name(key))\"") }
  }

  func any(_ key: String) throws(FieldError) -> JSON {
    guard let value = object[key] else { throw FieldError(text: "\"\(name(key))\" is missing") }
    return value
  }

  func isNull(_ key: String) throws(FieldError) -> Bool { try any(key).isNull }

  private func typed<Value>(_ key: String, _ type: String, _ read: (JSON) -> Value?) throws(FieldError) -> Value {
    guard let value = read(try any(key)) else { throw FieldError(text: "\"\(name(key))\" is not \(type)") }
    return value
  }

  func text(_ key: String) throws(FieldError) -> String { try typed(key, "a string") { $0.string } }
  func boolean(_ key: String) throws(FieldError) -> Bool { try typed(key, "a boolean") { $0.bool } }
  func object(_ key: String) throws(FieldError) -> Fields { try Fields(try any(key), at: name(key)) }

  func count(_ key: String) throws(FieldError) -> Int {
    try typed(key, "a whole number from 0 to 2^60") {
      $0.integer.flatMap { (0...ReceiptTotals.limit).contains($0) ? Int($0) : nil }
    }
  }

  func digest(_ key: String) throws(FieldError) -> Digest {
    try typed(key, "a SHA-256 in lower-case hex") { $0.string.flatMap(Digest.init(hex:)) }
  }

  func time(_ key: String) throws(FieldError) -> Timestamp {
    try typed(key, "a time") { value in
      value.string.flatMap { text in
        Array(text.utf8).withUnsafeBytes { Timestamp(ByteSlice($0), defaultOffsetSeconds: 0) }
      }
    }
  }

  func texts(_ key: String) throws(FieldError) -> [String] {
    try typed(key, "a list of strings") { value in
      guard let array = value.array else { return nil }
      let texts = array.compactMap(\.string)
      return texts.count == array.count ? texts : nil
    }
  }

  func objects(_ key: String) throws(FieldError) -> [Fields] {
    let array = try typed(key, "a list") { $0.array }
    var fields: [Fields] = []
    fields.reserveCapacity(array.count)
    for (index, value) in array.enumerated() { fields.append(try Fields(value, at: "\(name(key))[\(index)]")) }
    return fields
  }
}
