import JSONTape

extension RecordSchema {
  /// All records that the program writes or reads of its own.
  public static let all: [RecordSchema] = [
    .evidence, .scoredRun, .ragSample, .sftSample, .preferenceSample, .quarantine, .receipt,
  ]

  /// The schema as JSON Schema, draft 2020-12. JSON Schema can't say in which order keys stand; the validator also
  /// checks that.
  public var jsonSchema: JSON {
    var root = Self.json(.object(fields)).object ?? [:]
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    root["title"] = .string("distill-make \(name)")
    return .object(root)
  }

  private static func json(_ type: FieldType) -> JSON {
    switch type {
    case .text: ["type": "string"]
    // White space of JSON Schema's regular expressions is that of ECMA-262, which is Unicode's but for U+0085 and
    // U+FEFF.
    case .filledText: ["type": "string", "pattern": "\\S"]
    case .integer(let least): ["type": "integer", "minimum": .integer(least)]
    case .number: ["type": "number"]
    case .boolean: ["type": "boolean"]
    case .oneOf(let names): ["enum": .array(names.map(JSON.string))]
    case .timestamp:
      ["type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?Z$"]
    case .sha256: ["type": "string", "pattern": "^[0-9a-f]{64}$"]
    case .identifier(let prefix): ["type": "string", "pattern": .string("^\(prefix)[0-9a-f]{16}$")]
    case .list(let element): ["type": "array", "items": json(element)]
    case .anyObject: ["type": "object"]
    case .any: .object([:])
    case .nullable(let type): ["anyOf": [json(type), ["type": "null"]]]
    case .object(let fields):
      [
        "type": "object", "properties": .object(JSONObject(fields.map { ($0.name, json($0.type)) })),
        "required": .array(fields.map { .string($0.name) }), "additionalProperties": false,
      ]
    }
  }
}
