import ArgumentParser
import JSONTape
import Receipts
import Stages

struct GraphCommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable { case text, mermaid, dot }

  static let configuration = CommandConfiguration(
    commandName: "graph",
    abstract: "Prints the graph of stages: what reads what.",
    discussion: "Example: distill-make graph --format dot | dot -Tsvg > graph.svg")

  @OptionGroup var workspace: WorkspaceOptions

  @Option(help: "text, mermaid or dot.")
  var format = Format.text

  @Flag(help: "Print it as JSON.")
  var json = false

  func run() throws {
    let workspace = try Workspace(try workspace.layout(), export: ExportFlags.parse([]))
    let graph = try workspace.graph()
    var edges: [(from: String, to: String)] = []
    for entry in workspace.logs.entries {
      edges.append(("\(entry.source.name) (\(entry.files.count))", StageName.buildEvidence.text))
    }
    for stage in graph.stages {
      for upstream in stage.upstream { edges.append((upstream.text, stage.name.text)) }
    }
    if json {
      let rows = edges.map { JSON.object(["from": .string($0.from), "to": .string($0.to)]) }
      return try Terminal.result(JSON.array(rows).pretty())
    }
    switch format {
    case .text:
      try Terminal.result(TextTable.text(edges.map { [$0.from, "→", $0.to] }))
    case .mermaid:
      let lines = edges.map { "  \(Self.node($0.from)) --> \(Self.node($0.to))" }
      try Terminal.result((["graph LR"] + lines).joined(separator: "\n"))
    case .dot:
      let lines = edges.map { "  \"\($0.from)\" -> \"\($0.to)\";" }
      try Terminal.result((["digraph distill {", "  rankdir=LR;"] + lines + ["}"]).joined(separator: "\n"))
    }
  }

  /// Mermaid's ids are words; the name stands in the label.
  private static func node(_ name: String) -> String {
    "\(String(name.map { $0.isLetter || $0.isNumber ? $0 : "_" }))[\"\(name)\"]"
  }
}
