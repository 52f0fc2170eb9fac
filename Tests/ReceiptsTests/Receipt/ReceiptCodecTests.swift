import JSONTape
import Testing

@testable import Receipts

@Suite("ReceiptCodec")
struct ReceiptCodecTests {
  static let sample = Receipt(
    stage: "score",
    core: Receipt.Core(
      tool: ToolIdentity(name: "distill-make", version: "1.0.0", digest: Digest.of("tool")),
      parameters: ["z": 1, "a": [true, nil, 0.5], "é": "ü\n"],
      inputs: [file("data/a.jsonl"), file("data/b.jsonl")], outputs: [file("exports/c.jsonl")],
      recordCounts: ["evidence": 3, "by_reason": ["empty_content": 1]], summary: [:],
      validation: [
        Receipt.Check("books-balance", pass: true, facts: ["1 = 1"]), Receipt.Check("all-read", pass: true, facts: []),
      ], key: Digest.of("key")),
    git: GitState(sha: String(repeating: "a", count: 40), dirty: true),
    run: Receipt.Run(
      startedAt: Timestamp(seconds: 1_777_190_400, nanoseconds: 5_000_000)!,
      finishedAt: Timestamp(seconds: 1_777_190_401, nanoseconds: 0)!, durationMilliseconds: 995, actions: tally,
      host: Receipt.Host(system: "linux", architecture: "x86_64", processors: 2), jobs: 2),
    previous: Digest.of("previous"))

  private static var tally: ActionTally {
    var tally = ActionTally()
    tally.run = 3
    tally.cached = 4
    return tally
  }

  private static func file(_ path: String) -> Receipt.File {
    Receipt.File(path: RelativePath(unchecked: path), digest: Digest.of(path), byteCount: 12, recordCount: 2)
  }

  private func isRefused(_ bytes: [UInt8]) -> Bool {
    do {
      _ = try ReceiptCodec.decode(bytes, place: "receipts/score/receipt.json")
      return false
    } catch {
      return error.code == .data && error.place == "receipts/score/receipt.json"
    }
  }

  // MARK: Round trips

  @Test("what is decoded is encoded to the same bytes")
  func roundTrip() throws {
    var bare = Self.sample
    bare.git = nil
    bare.previous = nil
    bare.core.validation = [Receipt.Check("books-balance", pass: false, facts: ["1 = 2"])]
    for receipt in [Self.sample, bare] {
      let encoded = ReceiptCodec.encode(receipt)
      let decoded = try ReceiptCodec.decode(encoded.bytes, place: "x")
      #expect(decoded.bytes == encoded.bytes && decoded.digest == encoded.digest)
      #expect(ReceiptCodec.encode(decoded.receipt).bytes == encoded.bytes)
      #expect(decoded.receipt.stage == receipt.stage && decoded.receipt.run == receipt.run)
      #expect(decoded.receipt.core.inputs == receipt.core.inputs && decoded.receipt.git == receipt.git)
      #expect(decoded.coreBytes == encoded.coreBytes)
    }
  }

  @Test("numbers, texts and keys of every kind in the parameters come back to the same bytes")
  func parameters() throws {
    let values: [JSON] = [
      .integer(.max), .integer(.min), .integer(1 << 53), .integer((1 << 53) + 1), .double(1), .double(-0.0),
      .double(1e18), .double(1e21), .double(.leastNonzeroMagnitude), .double(1.7976931348623157e308),
      .double(0.1),
      "", "\u{0}\u{1f}\u{7f}\"\\/", "\u{2028}\u{fffd}😀", .array([]), .object([:]),
      .object(["b": 1, "": 2, "😀": 3, "\u{fb33}": 4]),
    ]
    for value in values {
      var receipt = Self.sample
      receipt.core.parameters = ["value": value]
      receipt.core.summary = value
      let encoded = ReceiptCodec.encode(receipt)
      #expect(throws: Never.self) { try ReceiptCodec.decode(encoded.bytes, place: "x") }
    }
  }

  @Test("it is one line, its members in the documented order, its hashes what a shell computes")
  func format() throws {
    let encoded = ReceiptCodec.encode(Self.sample)
    let text = String(decoding: encoded.bytes, as: UTF8.self)
    #expect(text.hasSuffix("}\n") && text.dropLast().allSatisfy { $0 != "\n" })
    let keys = try JSON.parse(encoded.bytes).object?.keys
    #expect(
      keys == ["schema", "stage", "core", "core_sha256", "git", "run", "previous", "receipt_sha256"])
    let core = try #require(try JSON.parse(encoded.bytes)["core"])
    #expect(core["validation_pass"] == true)
    #expect(core.object?.keys == core.object?.keys.sorted())
    #expect(text.contains("\"core_sha256\":\"\(Digest.of(core.canonical).hex)\""))
    let member = ",\"receipt_sha256\":\"\(encoded.digest.hex)\""
    let range = try #require(text.firstRange(of: member))
    var without = text
    without.removeSubrange(range)
    #expect(Digest.of(without) == encoded.digest)
    #expect(without.hasSuffix("\"\(Digest.of("previous").hex)\"}\n"))
  }

  @Test("the core is the same whatever the time, host, git and previous receipt")
  func coreAlone() {
    var other = Self.sample
    other.git = nil
    other.previous = nil
    other.run.jobs = 64
    other.run.startedAt = Timestamp(seconds: 0, nanoseconds: 0)!
    let (one, two) = (ReceiptCodec.encode(Self.sample), ReceiptCodec.encode(other))
    #expect(one.coreBytes == two.coreBytes && one.digest != two.digest)
  }

  @Test("lists of files are read as they are written, and in no other form")
  func fileLists() throws {
    var receipt = Self.sample
    receipt.core.inputs = (0..<3000).map { Self.file("logs/\u{e9}\"\($0).jsonl") }
    receipt.core.outputs = []
    let encoded = ReceiptCodec.encode(receipt)
    let lists = try #require(ReceiptFileLists(in: encoded.bytes))
    #expect(lists.inputs == receipt.core.inputs && lists.outputs.isEmpty)
    let rest = try JSON.parse(lists.rest)
    #expect(rest["core"]?["inputs"] == [] && rest["core"]?["outputs"] == [])
    #expect(rest["core"]?["parameters"]?.canonical == receipt.core.parameters.canonical && rest["previous"] != nil)
    #expect(try ReceiptCodec.decode(encoded.bytes, place: "x").receipt.core.inputs == receipt.core.inputs)
    let text = String(decoding: encoded.bytes, as: UTF8.self)
    for (old, new) in [
      ("{\"bytes\":12,", "{"), ("\"records\":2", "\"records\":-2"), ("\"path\":\"logs/", "\"path\":\"/"),
    ] {
      #expect(ReceiptFileLists(in: Array(text.replacing(old, with: new, maxReplacements: 1).utf8)) == nil)
    }
  }

  // MARK: Damage

  @Test("a flip of any bit is refused")
  func bitFlips() {
    var bytes = ReceiptCodec.encode(Self.sample).bytes
    for place in bytes.indices {
      for bit in 0..<8 {
        bytes[place] ^= 1 << bit
        if !isRefused(bytes) { Issue.record("bit \(bit) of byte \(place) was not missed") }
        bytes[place] ^= 1 << bit
      }
    }
    #expect(!isRefused(bytes))
  }

  @Test("a cut at any length, and anything behind the end, is refused")
  func cuts() {
    let bytes = ReceiptCodec.encode(Self.sample).bytes
    for length in 0..<bytes.count where !isRefused(Array(bytes[..<length])) {
      Issue.record("a receipt of \(length) bytes passed")
    }
    for tail in ["\n", " ", "x", "{}"] { #expect(isRefused(bytes + Array(tail.utf8))) }
    #expect(isRefused([0xEF, 0xBB, 0xBF] + bytes))
  }

  // MARK: Strictness. Each forgery carries the right hashes, so that only its form can give it away.

  @Test("the sealing of these tests gives what the codec writes")
  func sealing() throws {
    let encoded = ReceiptCodec.encode(Self.sample)
    #expect(Sealed(try JSON.parse(encoded.bytes)).bytes == encoded.bytes)
  }

  @Test("an unknown, missing or mistyped member is refused in every object")
  func members() throws {
    let tree = try JSON.parse(ReceiptCodec.encode(Self.sample).bytes)
    var forgeries = 0
    for forgery in Forgery.all(of: tree) {
      forgeries += 1
      if !isRefused(Sealed(forgery.tree).bytes) { Issue.record("passed: \(forgery.what)") }
    }
    #expect(forgeries > 300)
  }

  @Test("top-level members in another order are refused")
  func order() throws {
    let members = Sealed(try JSON.parse(ReceiptCodec.encode(Self.sample).bytes)).members
    for place in 0..<members.count - 1 {
      var swapped = members
      swapped.swapAt(place, place + 1)
      #expect(isRefused(Sealed(members: swapped).bytes), "\(members[place].key)")
    }
  }

  @Test("a doubled member is refused at the top and inside")
  func doubled() throws {
    let members = Sealed(try JSON.parse(ReceiptCodec.encode(Self.sample).bytes)).members
    for place in members.indices {
      var doubled = members
      doubled.insert(members[place], at: place + 1)
      #expect(isRefused(Sealed(members: doubled).bytes), "\(members[place].key)")
    }
    for member in ["\"key\":\"\(Digest.of("key").hex)\"", "\"bytes\":12", "\"pass\":true", "\"z\":1"] {
      #expect(isRefused(try edited("core", member, to: "\(member),\(member)")), "\(member)")
    }
    #expect(isRefused(try edited("git", "\"dirty\":true", to: "\"dirty\":true,\"dirty\":true")))
    #expect(isRefused(try edited("run", "\"jobs\":2", to: "\"jobs\":2,\"jobs\":2")))
  }

  @Test("another spelling of the same value is refused")
  func spelling() throws {
    #expect(isRefused(try edited("core", "\"bytes\":12", to: "\"bytes\": 12")))
    #expect(isRefused(try edited("core", "\"z\":1", to: "\"z\":1.0")))
    #expect(isRefused(try edited("core", "0.5", to: "5e-1")))
    #expect(isRefused(try edited("core", "\"data/a.jsonl\"", to: "\"data\\/a.jsonl\"")))
    #expect(isRefused(try edited("core", "\"data/a.jsonl\"", to: "\"\\u0064ata/a.jsonl\"")))
    #expect(isRefused(try edited("run", "00.005Z", to: "00.0050Z")))
    #expect(isRefused(try edited("run", "00.005Z", to: "00.005+00:00")))
    let upper = Digest.of("previous").hex.uppercased()
    #expect(isRefused(try edited("previous", Digest.of("previous").hex, to: upper)))
    #expect(isRefused(try edited("core", "\"a\":[true,null,0.5],\"z\":1", to: "\"z\":1,\"a\":[true,null,0.5]")))
  }

  @Test("wrong hashes, another schema, and checks that deny what they sum up to are refused")
  func contradictions() throws {
    let bytes = ReceiptCodec.encode(Self.sample).bytes
    let text = String(decoding: bytes, as: UTF8.self)
    let digest = ReceiptCodec.encode(Self.sample).digest.hex
    #expect(isRefused(Array(text.replacing(digest, with: Digest.of("other").hex).utf8)))
    var members = Sealed(try JSON.parse(bytes)).members
    members[3].text = "\"\(Digest.of("other").hex)\""
    #expect(isRefused(Sealed(members: members, keepingCoreDigest: true).bytes))
    #expect(isRefused(try edited("schema", "/v1", to: "/v2")))
    #expect(isRefused(try edited("core", "\"validation_pass\":true", to: "\"validation_pass\":false")))
    for path in ["/etc/passwd", "../a", "a//b", ".", ""] {
      #expect(isRefused(try edited("core", "\"data/a.jsonl\"", to: "\"\(path)\"")), "\(path)")
    }
    for number in ["-1", "9223372036854775808", "1e3"] {
      #expect(isRefused(try edited("core", "\"bytes\":12", to: "\"bytes\":\(number)")), "\(number)")
    }
  }

  /// The sample with one text of one top-level member replaced, sealed.
  private func edited(_ key: String, _ old: String, to new: String) throws -> [UInt8] {
    var members = Sealed(try JSON.parse(ReceiptCodec.encode(Self.sample).bytes)).members
    let place = try #require(members.firstIndex { $0.key == key })
    #expect(members[place].text.contains(old), "\(old)")
    members[place].text = members[place].text.replacing(old, with: new, maxReplacements: 1)
    return Sealed(members: members).bytes
  }
}

/// A receipt's text put together member by member, with the hashes that belong to it.
private struct Sealed {
  var members: [(key: String, text: String)]
  var keepingCoreDigest = false

  init(members: [(key: String, text: String)], keepingCoreDigest: Bool = false) {
    self.members = members
    self.keepingCoreDigest = keepingCoreDigest
  }

  /// Members of `tree` in their order; what is not an object is sealed as it is.
  init(_ tree: JSON) {
    members = (tree.object ?? [:]).map { ($0.key, $0.value.canonicalString) }
  }

  var bytes: [UInt8] {
    var text = "{"
    let core = members.first { $0.key == "core" }?.text ?? ""
    var parts = members.map { member -> String in
      let isCoreDigest = member.key == "core_sha256" && isDigest(member.text) && !keepingCoreDigest
      return "\"\(member.key)\":" + (isCoreDigest ? "\"\(Digest.of(core).hex)\"" : member.text)
    }
    for place in members.indices where members[place].key == "receipt_sha256" && isDigest(members[place].text) {
      let others = parts.enumerated().filter { members[$0.offset].key != "receipt_sha256" }.map(\.element)
      parts[place] = "\"receipt_sha256\":\"\(Digest.of("{" + others.joined(separator: ",") + "}\n").hex)\""
    }
    text += parts.joined(separator: ",") + "}\n"
    return Array(text.utf8)
  }

  private func isDigest(_ text: String) -> Bool { Digest(hex: String(text.dropFirst().dropLast())) != nil }
}

/// A receipt's tree with one member of its form taken out, added or of another type.
private struct Forgery {
  var what: String
  var tree: JSON

  /// Members whose content is the stage's own, and those that the sealing writes.
  private static let free: Set<String> = ["parameters", "record_counts", "summary"]

  static func all(of tree: JSON, at path: String = "") -> [Forgery] {
    switch tree {
    case .object(let object):
      var forgeries: [Forgery] = []
      var more = object
      more["unknown"] = nil
      more["unknown"] = .null
      forgeries.append(Forgery(what: "\(path)/unknown added", tree: .object(more)))
      for (key, value) in object {
        var fewer = object
        fewer[key] = nil
        forgeries.append(Forgery(what: "\(path)/\(key) taken out", tree: .object(fewer)))
        if free.contains(key) { continue }
        forgeries += all(of: value, at: "\(path)/\(key)").map { inner in
          var changed = object
          changed[key] = inner.tree
          return Forgery(what: inner.what, tree: .object(changed))
        }
      }
      return forgeries + others(than: tree, at: path)
    case .array(let elements):
      var forgeries = others(than: tree, at: path)
      for (index, element) in elements.enumerated() {
        forgeries += all(of: element, at: "\(path)/\(index)").map { inner in
          var changed = elements
          changed[index] = inner.tree
          return Forgery(what: inner.what, tree: .array(changed))
        }
      }
      return forgeries
    default: return others(than: tree, at: path)
    }
  }

  private static func others(than value: JSON, at path: String) -> [Forgery] {
    let isNullable = path == "/git" || path == "/previous"
    return ([.null, true, 1, "text", .array([1]), ["x": 1]] as [JSON]).filter { other in
      switch (value, other) {
      case (.null, .null), (.bool, .bool), (.integer, .integer): false
      case (.object, .null) where isNullable, (.string, .null) where isNullable: false
      // Free text may be any text, and a list of facts is sealed with its kind.
      case (.string, .string): isHash(value)
      default: !(path.isEmpty)
      }
    }.map { Forgery(what: "\(path) is \($0.canonicalString)", tree: $0) }
  }

  private static func isHash(_ value: JSON) -> Bool { value.string.map { Digest(hex: $0) != nil } ?? false }
}
