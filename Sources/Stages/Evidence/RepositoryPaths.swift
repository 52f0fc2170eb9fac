import JSONTape
import Receipts

/// `evidence.paths/1`: which files of which commits the evidence of some sources names.
///
/// Inputs: `evidence/<i>`, fragments; or `paths/<i>`, what this made of them, to be merged. Output `paths`: JSON Lines
/// `["source", commit or null, "path"]`, sorted by their bytes, each once.
public enum RepositoryPaths {
  public static let function = ActionFunction(name: "evidence.paths/1") { context in
    let sources = Set((context.parameters["sources"]?.array ?? []).compactMap(\.string))
    var rows: Set<[UInt8]> = []
    for number in 0..<(context.parameters["fragments"]?.integer ?? 0) {
      for line in Lines(context.optionalInput("paths/\(number)") ?? .empty) { rows.insert(Array(line.buffer)) }
      for line in Lines(context.optionalInput("evidence/\(number)") ?? .empty) {
        let row = try context.scratch.parser.parse(line)
        guard let source = row.member("provenance")?.member("source")?.string, sources.contains(source.string()),
          let files = row.member("source_files")
        else { continue }
        for file in files.elements {
          let buffer = context.scratch.buffer
          buffer.removeAll()
          var writer = JSONWriter(buffer)
          writer.beginArray()
          writer.string(source)
          writer.copy(row.member("git_sha"))
          writer.copy(file)
          writer.endArray()
          rows.insert(Array(buffer.bytes.buffer))
        }
      }
    }
    let sink = context.output("paths")
    for row in rows.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      row.withUnsafeBytes { sink.buffer.append($0) }
      sink.buffer.append(UInt8(ascii: "\n"))
      sink.recordCount += 1
    }
    return .object([:])
  }
}
