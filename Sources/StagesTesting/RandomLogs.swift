/// What a user puts into a workspace, by chance: logs of every kind in which identities, tasks, texts and times meet
/// often, and a configuration that reads them.
public struct RandomLogs: Sendable {
  /// Records by path: the lines of a `.jsonl`, the elements of a `.json`.
  public var logs: [String: [String]] = [:]
  /// Logs of lines whose last line has no end.
  public var unended: Set<String> = []
  public var settings = RandomSettings()
  /// Of how many identities the runs have one each.
  private let identities: Int

  /// - Parameters:
  ///   - records: about how many there are in all.
  ///   - identities: of runs; the fewer, the more often two records are about the same.
  public init(records: Int, identities: Int = 60, using generator: inout SeededGenerator) {
    self.identities = identities
    settings = RandomSettings(using: &generator)
    for source in RandomSource.allCases {
      for number in 0..<(source == .runs ? 3 : 1 + generator.below(2)) {
        let count = source == .runs ? records / 5 : records / 12
        logs[source.path(number)] = (0...count).map { _ in source.record(of: identities, using: &generator) }
      }
    }
  }

  public var configuration: String { settings.configuration }

  public var files: [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for (path, records) in logs {
      let text: String
      if path.hasSuffix(".json") {
        text = "{\"runs\": [\(records.joined(separator: ",\n"))]}\n"
      } else {
        text = records.joined(separator: "\n") + (records.isEmpty || unended.contains(path) ? "" : "\n")
      }
      files[path] = Array(text.utf8)
    }
    return files
  }

  /// Does what a user would between two builds, and says what.
  public mutating func edit(using generator: inout SeededGenerator) -> String {
    let path = generator.pick(logs.keys.sorted())
    let source = RandomSource(ofPath: path)
    let count = logs[path]!.count
    switch generator.below(13) {
    case 0, 1, 2:
      let added = 1 + generator.below(3)
      for _ in 0..<added { logs[path]!.append(source.record(of: identities, using: &generator)) }
      return "append \(added) to \(path)"
    case 3:
      let place = generator.below(count + 1)
      logs[path]!.insert(source.record(of: identities, using: &generator), at: place)
      return "insert at \(place) of \(path)"
    case 4:
      guard count > 0 else { return "nothing" }
      let place = generator.below(count)
      logs[path]!.remove(at: place)
      return "delete \(place) of \(path)"
    case 5:
      // Before, between or behind the others, and with another chance to end a chunk.
      let name = source.path(generator.below(100))
      guard logs[name] == nil else { return "nothing" }
      logs[name] = logs.removeValue(forKey: path)
      if unended.remove(path) != nil { unended.insert(name) }
      return "rename \(path) to \(name)"
    case 6, 7:
      guard count > 0 else { return "nothing" }
      let place = generator.below(count)
      let (old, new) = generator.pick([("passed", "failed"), ("failed", "passed"), ("failed", "broken")])
      logs[path]![place] = logs[path]![place].replacingFirst(old, with: new)
      return "\(old) to \(new) at \(place) of \(path)"
    case 8:
      let name = source.path(generator.below(100))
      logs[name] = (0...generator.below(4)).map { _ in source.record(of: identities, using: &generator) }
      return "write \(name)"
    case 9:
      let siblings = logs.keys.filter { RandomSource(ofPath: $0) == source }
      // A source without files is an error that every other build would end with.
      guard siblings.count > 1 || generator.chance(10) else { return "nothing" }
      logs[path] = nil
      return "remove \(path)"
    case 10:
      let other = generator.pick(logs.keys.filter { RandomSource(ofPath: $0) == source }.sorted())
      guard count > 0 else { return "nothing" }
      logs[other]!.append(generator.pick(logs[path]!))
      return "copy a record of \(path) to \(other)"
    case 11:
      guard path.hasSuffix(".jsonl"), count > 0 else { return "nothing" }
      if unended.remove(path) == nil { unended.insert(path) }
      if generator.chance(50) { logs[path]![count - 1].removeLast(3) }
      return "line end of \(path)"
    default:
      return settings.edit(using: &generator)
    }
  }
}

extension String {
  fileprivate func replacingFirst(_ old: String, with new: String) -> String {
    let parts = split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
    return parts.count == 2 ? parts[0] + new + parts[1] : self
  }
}
