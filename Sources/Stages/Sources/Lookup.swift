import JSONTape
import Receipts

/// Files beside the logs that fields come from: `lookups: {tasks: {files: tasks/*.json, records: /results/*, key:
/// /id}}`.
public struct Lookup: Sendable, Hashable {
  public var name: String
  public var files: [Glob]
  public var ignore: [Glob]
  /// nil: by extension, as for logs.
  public var format: Source.Format?
  /// Where the records are in a document; "" is the document.
  public var records: Pointer
  /// A pointer or a template; its text is what a record is known by.
  public var key: FieldExpression
  /// Where it stands in the configuration.
  public var place: String?

  public init(
    name: String, files: [Glob], ignore: [Glob] = [], format: Source.Format? = nil, records: Pointer,
    key: FieldExpression, place: String? = nil
  ) {
    self.name = name
    self.files = files
    self.ignore = ignore
    self.format = format
    self.records = records
    self.key = key
    self.place = place
  }

  func format(of path: RelativePath) -> Source.Format { format ?? Source.Format.byExtension(of: path.name) ?? .json }
}
