import JSONTape
import Receipts
import SystemPackage

/// The log files of a configuration's sources, each of one source.
public struct SourceLogs: Sendable {
  public struct Entry: Sendable {
    public var source: Source
    /// By the bytes of their paths.
    public var files: [LogFile]
    public var skippedLinks: [RelativePath]
  }
  public var entries: [Entry]

  /// - Throws: where a source has no file, a file belongs to two sources, or no part takes a file.
  public static func find(
    _ configuration: Configuration, in workspace: FilePath, of fileSystem: any FileSystem
  ) throws -> SourceLogs {
    var owners: [RelativePath: String] = [:]
    var entries: [Entry] = []
    for source in configuration.sources {
      let found = try GlobWalk.find(source, in: workspace, of: fileSystem)
      let patterns = source.files.map { "`\($0.text)`" }.joined(separator: ", ")
      guard !found.files.isEmpty else {
        let links = found.skippedLinks.map(\.string).joined(separator: ", ")
        throw DistillError(
          .data, "no file matches \(patterns) of source \"\(source.name)\"", place: source.place,
          hint: links.isEmpty
            ? "Correct `files`, or take the source out."
            : "Symbolic links are followed only where the pattern names them: \(links).")
      }
      for file in found.files {
        if let owner = owners.updateValue(source.name, forKey: file.path) {
          throw DistillError(
            .data, "\(file.path) is claimed by source \"\(owner)\" and by source \"\(source.name)\"",
            place: source.place, hint: "Narrow `files`, or take it out of one with `ignore`.")
        }
        guard source.parts.contains(where: { $0.takes(file.path) }) else {
          throw DistillError(
            .data, "no part of source \"\(source.name)\" takes \(file.path)", place: source.place,
            hint: "Add a part whose `only` matches \"\(file.path.name)\", or take the file out with `ignore`.")
        }
      }
      entries.append(Entry(source: source, files: found.files, skippedLinks: found.skippedLinks))
    }
    return SourceLogs(entries: entries)
  }
}

extension Part {
  func takes(_ path: RelativePath) -> Bool { only?.matchesName(path.name) ?? true }
}
