import JSONTape

@testable import Stages

/// What makes a record unusable: it is one row in quarantine, and nothing else happens.
enum RecordDamage: String, CaseIterable {
  // No JSON. In a document, all of it is one unusable record.
  case notANumber, rawNUL, rawControlCharacter, invalidUTF8, cut, textBehind, tooDeep
  // JSON, but no record.
  case duplicateKey, tooLong, booleanForText, objectForText, textForNumber, numberPastDouble, unreadableTime
  case unknownOverride, voteWithoutMeaning, nullID, noID, blankID, noObject

  var isJSON: Bool {
    switch self {
    case .notANumber, .rawNUL, .rawControlCharacter, .invalidUTF8, .cut, .textBehind, .tooDeep: false
    default: true
    }
  }

  var reason: Reason {
    switch self {
    case .nullID, .noID, .blankID, .noObject: .missingSourceRunID
    default: .schemaViolation
    }
  }

  /// Can it be seen that the record has an id?
  var showsID: Bool {
    switch self {
    case .noID, .noObject, .duplicateKey, .tooLong: false
    default: isJSON
    }
  }

  /// A judgement or a comparison needs no id, and only some sources read a score or votes.
  func harms(_ record: RandomRecord) -> Bool {
    switch self {
    case .nullID, .noID, .blankID, .noObject, .objectForText: record.kind == .run || record.kind == .extraction
    case .textForNumber, .numberPastDouble: record.source == "beta"
    case .unknownOverride: record.kind != .comparison
    case .voteWithoutMeaning: record.kind == .comparison
    default: true
    }
  }

  func apply(_ members: inout JSONObject) {
    switch self {
    case .booleanForText: members["task"] = true
    case .objectForText: members["says"] = ["text": "That."]
    case .textForNumber: members["score"] = "1"
    case .unreadableTime: members["at"] = "yesterday"
    case .unknownOverride: members["override"] = "fine"
    case .voteWithoutMeaning: members["first"] = 7
    case .nullID: members["id"] = .some(.null)
    case .noID: members["id"] = nil
    case .blankID: members["id"] = " \t\n"
    default: break
    }
  }

  func apply(_ bytes: inout [UInt8]) {
    switch self {
    case .notANumber: bytes.insert(member: "NaN")
    case .rawNUL: bytes.insert(member: "\"a\u{0}b\"")
    case .rawControlCharacter: bytes.insert(member: "\"a\u{1}b\"")
    case .invalidUTF8: bytes.insert(contentsOf: Array("\"n\":\"".utf8) + [0xC3, 0x28, 0xFF] + Array("\",".utf8), at: 1)
    case .cut: bytes.removeLast(bytes.count / 2)
    case .textBehind: bytes += Array("{".utf8)
    case .tooDeep: bytes.insert(nested: 1024)
    case .duplicateKey: bytes.insert(contentsOf: Array(#""id":"another","#.utf8) + Array(#""id":"again","#.utf8), at: 1)
    case .tooLong: bytes.insert(member: "\"\(String(repeating: "x", count: RandomWorkspace.maximumBytes))\"")
    case .numberPastDouble: bytes.replace("\"score\":", with: "\"score\":1e400,\"was\":", orInsert: "\"score\":1e400,")
    default: break
    }
  }
}

/// What looks like damage, or like another record, and changes nothing.
enum RecordOddity: String, CaseIterable {
  case integerPast64Bits, numberPastDouble, tinyNumber, escapedNUL, loneSurrogate, surrogateInText, deep, long
  case numberForText, timeAsNumber, whiteSpace

  func apply(_ members: inout JSONObject, _ record: RandomRecord) {
    switch self {
    case .numberForText: if members["task"] == "7" { members["task"] = 7 }
    case .timeAsNumber: if let time = record.time, record.damage == nil { members["at"] = RandomRecord.seconds(time) }
    default: break
    }
  }

  func apply(_ bytes: inout [UInt8], inDocument: Bool) {
    switch self {
    case .integerPast64Bits: bytes.insert(member: "123456789012345678901234567890")
    case .numberPastDouble: bytes.insert(member: "-1e400")
    case .tinyNumber: bytes.insert(member: "1e-400")
    case .escapedNUL: bytes.insert(member: #""\u0000""#)
    case .loneSurrogate: bytes.insert(member: #""\udfff""#)
    case .surrogateInText: bytes.replaceAll("\u{FFFD}", with: #"\ud800"#)
    // With the record's object, and the document's two levels, 1024.
    case .deep: bytes.insert(nested: inDocument ? 1021 : 1023)
    case .long: bytes.insert(member: "\"\(String(repeating: "x", count: RandomWorkspace.maximumBytes / 2))\"")
    case .whiteSpace: bytes.replaceAll(",\"", with: " ,\t\"")
    case .numberForText, .timeAsNumber: break
    }
  }
}

extension [UInt8] {
  /// Gives an object another member in front.
  fileprivate mutating func insert(member value: String) { insert(contentsOf: Array("\"n\":\(value),".utf8), at: 1) }

  fileprivate mutating func insert(nested levels: Int) {
    insert(member: String(repeating: "[", count: levels) + String(repeating: "]", count: levels))
  }

  fileprivate mutating func replace(_ text: String, with other: String, orInsert front: String) {
    guard let found = firstRange(of: Array(text.utf8)) else { return insert(contentsOf: Array(front.utf8), at: 1) }
    replaceSubrange(found, with: Array(other.utf8))
  }

  fileprivate mutating func replaceAll(_ text: String, with other: String) {
    replace(Array(text.utf8), with: Array(other.utf8))
  }
}
