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
    /// What its patterns name but is no file.
    public var notFiles: [RelativePath]
    /// The files of each look-up of the source, in their order.
    public var lookups: [[LogFile]] = []
  }
  public var entries: [Entry]

  /// - Parameter jobs: how many threads read folders.
  /// - Throws: where a source has no file, a file belongs to two sources, or no part takes a file.
  public static func find(
    _ configuration: Configuration, in workspace: FilePath, of fileSystem: any FileSystem, jobs: Int = 1
  ) throws -> SourceLogs {
    var claims = FileClaims()
    var entries: [Entry] = []
    for source in configuration.sources {
      let found = try GlobWalk.find(source, in: workspace, of: fileSystem, jobs: jobs)
      let patterns = source.files.map { "`\($0.text)`" }.joined(separator: ", ")
      guard !found.files.isEmpty else {
        throw DistillError(
          .data, "no file matches \(patterns) of source \"\(source.name)\"",
          place: source.filesPlace ?? source.place,
          hint: found.passedOver ?? "Correct `files`, or take the source out.")
      }
      if let claim = claims.add(found.files, of: source.name) {
        throw DistillError(
          .data, "\(claim.path) is claimed by source \"\(claim.owner)\" and by source \"\(source.name)\"",
          place: source.place, hint: "Narrow `files`, or take it out of one with `ignore`.")
      }
      if source.parts.allSatisfy({ $0.only != nil }),
        let file = found.files.first(where: { file in !source.parts.contains { $0.takes(file.path) } })
      {
        throw DistillError(
          .data, "no part of source \"\(source.name)\" takes \(file.path)", place: source.place,
          hint: "Add a part whose `only` matches \"\(file.path.name)\", or take the file out with `ignore`.")
      }
      try checkNever(source, found.files)
      entries.append(
        Entry(source: source, files: found.files, skippedLinks: found.skippedLinks, notFiles: found.notFiles))
    }
    for index in entries.indices {
      for lookup in entries[index].source.lookups {
        let found = try lookupFiles(lookup, of: entries[index].source, claims, in: workspace, of: fileSystem)
        entries[index].lookups.append(found.files)
        entries[index].skippedLinks += found.skippedLinks
        entries[index].notFiles += found.notFiles
      }
    }
    return SourceLogs(entries: entries)
  }

  private static func lookupFiles(
    _ lookup: Lookup, of source: Source, _ claims: FileClaims, in workspace: FilePath,
    of fileSystem: any FileSystem
  ) throws -> GlobWalk.Result {
    let found = try GlobWalk.find(lookup.files, ignoring: lookup.ignore, in: workspace, of: fileSystem)
    let name = "look-up `\(lookup.name)` of source \"\(source.name)\""
    guard !found.files.isEmpty else {
      let patterns = lookup.files.map { "`\($0.text)`" }.joined(separator: ", ")
      throw DistillError(
        .data, "no file matches \(patterns) of \(name)", place: lookup.place,
        hint: found.passedOver ?? "Correct `files`, or take the look-up out.")
    }
    for file in found.files {
      guard let owner = claims.owner(of: file.path) else { continue }
      throw DistillError(
        .data, "\(file.path) is a file of \(name) and a log of source \"\(owner)\"", place: lookup.place,
        hint: "Narrow `files`, or take it out of one with `ignore`.")
    }
    return found
  }

  /// Parts that share a file: what one keeps in the log, the other may not read. The reader has looked at each by
  /// itself.
  private static func checkNever(_ source: Source, _ files: [LogFile]) throws(DistillError) {
    guard source.parts.count > 1, source.parts.contains(where: { $0.never != source.parts[0].never }) else { return }
    var conflicts: [(reader: Part, keeper: Part, text: String)] = []
    for keeper in source.parts where !keeper.never.isEmpty {
      let never = NeverPointers(keeper.never, of: source)
      for reader in source.parts where reader != keeper {
        let isSeen = { (reference: PointerReference) in reader.jq == nil || reference.base == .root }
        let read =
          reader.fieldReferences.filter { isSeen($0) && never.conflict(with: $0) != nil }
          + reader.ruleReferences.filter { isSeen($0) && (never.conflict(with: $0)?.conflict ?? .around) != .around }
        if let first = read.first { conflicts.append((reader, keeper, first.text)) }
      }
    }
    for (reader, keeper, text) in conflicts {
      guard let file = files.first(where: { reader.takes($0.path) && keeper.takes($0.path) }) else { continue }
      throw DistillError(
        .data, "\(file.path) is taken by two parts: one reads \(text), which `never` of the other keeps in the log",
        place: source.place, hint: "Narrow `only`, or take the pointer out of the one or the other.")
    }
  }
}

extension GlobWalk.Result {
  /// What the patterns met and did not take, in a sentence each; nil: nothing.
  fileprivate var passedOver: String? {
    func list(_ paths: [RelativePath]) -> String { paths.map(\.string).joined(separator: ", ") }
    var sentences: [String] = []
    if !skippedLinks.isEmpty {
      sentences.append("Symbolic links are followed only where the pattern names them: \(list(skippedLinks)).")
    }
    if !notFiles.isEmpty { sentences.append("A log is a file, which these are not: \(list(notFiles)).") }
    return sentences.isEmpty ? nil : sentences.joined(separator: " ")
  }
}

extension Part {
  func takes(_ path: RelativePath) -> Bool { only?.matchesName(path.name) ?? true }
}
