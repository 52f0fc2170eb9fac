import ArgumentParser
import JSONTape
import Receipts
import Stages

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Prints the JSON Schema (2020-12) of a record: \(names).",
    discussion: "Example: distill-make schema sft > sft.schema.json")

  private static let names = RecordSchema.all.map(\.name).joined(separator: ", ")

  @Argument(help: "The record's name.")
  var name: String

  func run() throws {
    guard let schema = RecordSchema.all.first(where: { $0.name == name }) else {
      throw DistillError(.usage, "there is no record \"\(name)\"", hint: "There are \(Self.names).")
    }
    try Terminal.result(schema.jsonSchema.pretty())
  }
}
