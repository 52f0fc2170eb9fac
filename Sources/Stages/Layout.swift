import Receipts

/// Where the stages' outputs are.
public enum Layout {
  package static let evidence = "data/evidence/"
  package static let scored = "data/scored-runs/"
  /// Which files of which commits the evidence names; there only where a source has a `repository`.
  package static let repositoryPaths = RelativePath(unchecked: "data/repository-paths.jsonl")
  package static let repositoryFacts = RelativePath(unchecked: "data/repository-facts.json")
  public static let rag = RelativePath(unchecked: "exports/rag/playbooks.jsonl")
  public static let sft = RelativePath(unchecked: "exports/sft/instruction_response.jsonl")
  public static let preference = RelativePath(unchecked: "exports/preference/chosen_rejected.jsonl")

  /// Files of ours in `data` itself.
  public static let ownFiles = [repositoryPaths.string, repositoryFacts.string]

  public static func quarantine(_ name: String) -> RelativePath {
    RelativePath(unchecked: "exports/quarantine/\(name).jsonl")
  }

  /// The source that a partition of evidence is of.
  static func source(ofEvidence path: RelativePath) -> String {
    var name = path.name[...]
    if name.hasSuffix(".jsonl") { name = name.dropLast(".jsonl".count) }
    // An undated partition has a number, too.
    if path.string.hasPrefix(evidence + "undated/"), let dash = name.lastIndex(of: "-") { name = name[..<dash] }
    return String(name)
  }

  /// Is it `YYYY/MM/DD/<source>.jsonl` or `undated/<source>-<number>.jsonl` below `folder`?
  static func isPartition(_ path: RelativePath, below folder: String) -> Bool {
    guard path.string.hasPrefix(folder) else { return false }
    let names = path.string.utf8.dropFirst(folder.utf8.count).split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    func isNumber(_ name: Substring.UTF8View) -> Bool { name.allSatisfy { (0x30...0x39).contains($0) } }
    func isSource(_ name: Substring.UTF8View) -> Bool {
      !name.isEmpty && name.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) || $0 == 0x2d }
    }
    guard let file = names.last, Substring(file).hasSuffix(".jsonl") else { return false }
    let name = file.dropLast(".jsonl".utf8.count)
    if names.count == 2, Substring(names[0]) == "undated", let dash = name.lastIndex(of: UInt8(ascii: "-")) {
      let number = name[name.index(after: dash)...]
      return number.count >= 4 && isNumber(number) && isSource(name[..<dash])
    }
    return names.count == 4 && names.map(\.count).starts(with: [4, 2, 2]) && names.dropLast().allSatisfy(isNumber)
      && isSource(name)
  }

  /// Partition for partition the same relative path.
  package static func scoredRuns(forEvidence path: RelativePath) -> RelativePath {
    RelativePath(unchecked: scored + path.string.dropFirst(evidence.count))
  }
}

extension StageName {
  public static let buildEvidence: StageName = "build-evidence"
  public static let score: StageName = "score"
  public static let exportRAG: StageName = "export-rag"
  public static let exportSFT: StageName = "export-sft"
  public static let exportPreference: StageName = "export-preference"
}
