/// The members of a small JSON object, in the order in which they were written.
///
/// Keys are compared by their bytes, not by Unicode equivalence.
public struct JSONObject: Sendable {
  private var members: [(key: String, value: JSON)]

  public init() { members = [] }

  /// - Parameter members: the later of two with one key wins, in the place of the earlier.
  public init(_ members: [(String, JSON)]) {
    self.members = []
    self.members.reserveCapacity(members.count)
    var places: [[UInt8]: Int] = [:]
    for (key, value) in members {
      let bytes = Array(key.utf8)
      if let place = places[bytes] {
        self.members[place].value = value
      } else {
        places[bytes] = self.members.count
        self.members.append((key, value))
      }
    }
  }

  /// For members that are known to differ in their keys.
  init(distinct members: [(key: String, value: JSON)]) { self.members = members }

  public var count: Int { members.count }
  public var isEmpty: Bool { members.isEmpty }
  public var keys: [String] { members.map(\.key) }

  /// Setting replaces a member in its place or appends a new one; setting nil removes it.
  public subscript(key: String) -> JSON? {
    get { place(of: key).map { members[$0].value } }
    set {
      switch (place(of: key), newValue) {
      case (let place?, let value?): members[place].value = value
      case (nil, let value?): members.append((key, value))
      case (let place?, nil): members.remove(at: place)
      case (nil, nil): break
      }
    }
  }

  private func place(of key: String) -> Int? {
    members.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
  }
}

extension JSONObject: Sequence {
  public func makeIterator() -> IndexingIterator<[(key: String, value: JSON)]> { members.makeIterator() }
  public var underestimatedCount: Int { members.count }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}

/// Equal objects have the same members in the same order.
extension JSONObject: Hashable {
  public static func == (left: JSONObject, right: JSONObject) -> Bool {
    left.members.elementsEqual(right.members) { $0.key.utf8.elementsEqual($1.key.utf8) && $0.value == $1.value }
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(members.count)
    for (key, value) in members {
      hasher.combineText(key)
      hasher.combine(value)
    }
  }
}

extension Hasher {
  /// Hashes the UTF-8 of `text`: `String` itself hashes equivalent spellings alike.
  mutating func combineText(_ text: String) {
    var text = text
    text.withUTF8 { combine(bytes: UnsafeRawBufferPointer($0)) }
    combine(0xff as UInt8)
  }
}
