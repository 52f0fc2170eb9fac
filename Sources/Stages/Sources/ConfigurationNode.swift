import JSONTape

/// Where something stands in a configuration file. Lines and columns count from 1, columns in code points.
struct ConfigurationPlace: Sendable, Hashable {
  var fileName: String
  var line: Int
  var column: Int
  /// The preset that the node comes from; line and column are then those of the preset's name in the user's file.
  var preset: String?

  var text: String { "\(fileName):\(line):\(column)" }
}

/// The tree of a configuration, with the place of each node where it was read from YAML and without where it was read
/// from a canonical slice.
struct ConfigurationNode: Sendable {
  struct Member: Sendable {
    var key: String
    /// The key as a value: `1:` is a number and `"1":` a text.
    var scalar: JSON
    var place: ConfigurationPlace?
    var value: ConfigurationNode

    init(key: String, scalar: JSON? = nil, place: ConfigurationPlace?, value: ConfigurationNode) {
      self.key = key
      self.scalar = scalar ?? .string(key)
      self.place = place
      self.value = value
    }
  }

  enum Content: Sendable {
    /// `text`: as it was written, so that a model called 1.10 stays 1.10.
    case scalar(JSON, text: String)
    case list([ConfigurationNode])
    case mapping([Member])
  }

  var content: Content
  var place: ConfigurationPlace?

  init(_ content: Content, place: ConfigurationPlace? = nil) {
    self.content = content
    self.place = place
  }

  init(_ json: JSON) {
    switch json {
    case .null: self.init(.scalar(json, text: "null"))
    case .bool(let value): self.init(.scalar(json, text: value ? "true" : "false"))
    case .integer(let value): self.init(.scalar(json, text: String(value)))
    case .double: self.init(.scalar(json, text: json.canonicalString))
    case .string(let value): self.init(.scalar(json, text: value))
    case .array(let values): self.init(.list(values.map { ConfigurationNode($0) }))
    case .object(let members):
      self.init(.mapping(members.map { Member(key: $0.key, place: nil, value: ConfigurationNode($0.value)) }))
    }
  }

  var json: JSON {
    switch content {
    case .scalar(let value, _): value
    case .list(let nodes): .array(nodes.map(\.json))
    case .mapping(let members): .object(JSONObject(members.map { ($0.key, $0.value.json) }))
    }
  }

  /// As its canonical text reads: members sorted, 1.0 the same as 1. Two that mean the same are equal.
  var canonical: JSON { (try? JSON.parse(json.canonical)) ?? json }

  var scalar: JSON? { if case .scalar(let value, _) = content { value } else { nil } }
  var list: [ConfigurationNode]? { if case .list(let nodes) = content { nodes } else { nil } }
  var mapping: [Member]? { if case .mapping(let members) = content { members } else { nil } }
  var string: String? { scalar?.string }

  subscript(key: String) -> ConfigurationNode? { mapping?.first { $0.key == key }?.value }

  /// Every node below this one at `place`.
  func placed(at place: ConfigurationPlace?) -> ConfigurationNode {
    let moved: Content =
      switch content {
      case .scalar: content
      case .list(let nodes): .list(nodes.map { $0.placed(at: place) })
      case .mapping(let members):
        .mapping(
          members.map {
            Member(key: $0.key, scalar: $0.scalar, place: place, value: $0.value.placed(at: place))
          })
      }
    return ConfigurationNode(moved, place: place)
  }

  /// What it is, in the words of an error: "a number".
  var kindText: String {
    switch content {
    case .scalar(.null, _): "empty"
    case .scalar(.bool, _): "a boolean"
    case .scalar(.integer, _), .scalar(.double, _): "a number"
    case .scalar: "a text"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}
