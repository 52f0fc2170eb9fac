import JSONTape
import Receipts
import Stages

/// Where the outputs of a stage are: nobody looks for a stage's files elsewhere, so none may be there.
struct OutputPlaces {
  let receipt: StageReceipt

  init(_ receipt: StageReceipt) { self.receipt = receipt }

  /// The export, if the stage is one that exports.
  static func export(_ stage: StageName) -> RelativePath? {
    switch stage {
    case .exportRAG: Layout.rag
    case .exportSFT: Layout.sft
    case .exportPreference: Layout.preference
    default: nil
    }
  }

  static func quarantine(_ stage: StageName) -> RelativePath {
    switch stage {
    case .buildEvidence: Layout.quarantine("evidence")
    case .score: Layout.quarantine("score")
    case .exportRAG: Layout.quarantine("rag")
    case .exportSFT: Layout.quarantine("sft")
    default: Layout.quarantine("preference")
    }
  }

  func faults() -> [ReceiptContents.Fault] {
    let outputs = receipt.receipt.core.outputs.map(\.path)
    let required = self.required
    let missing = required.filter { !outputs.contains($0) }.map {
      ReceiptContents.Fault(member: "/core/outputs", expected: "\($0)", found: "no such output")
    }
    let misplaced = outputs.enumerated().filter { !required.contains($1) && !isPartition($1) }.map { number, path in
      ReceiptContents.Fault(
        member: "/core/outputs/\(number)/path", expected: "a path at which \(receipt.stage) writes",
        found: path.string)
    }
    return missing + misplaced
  }

  private var required: [RelativePath] {
    var paths = [Self.quarantine(receipt.stage)]
    if let export = Self.export(receipt.stage) { paths.append(export) }
    if receipt.looksFilesUp { paths.append(Layout.repositoryPaths) }
    return paths
  }

  /// `<folder>/YYYY/MM/DD/<source>.jsonl` or `<folder>/undated/<source>-NNNN.jsonl`
  private func isPartition(_ path: RelativePath) -> Bool {
    let folder: String
    switch receipt.stage {
    case .buildEvidence: folder = Layout.evidence
    case .score: folder = Layout.scored
    default: return false
    }
    guard path.string.hasPrefix(folder), path.name.hasSuffix(".jsonl") else { return false }
    let folders = path.string.dropFirst(folder.count).split(separator: "/").dropLast().map(String.init)
    var source = path.name.dropLast(".jsonl".count)
    if folders == ["undated"] {
      guard let dash = source.lastIndex(of: "-"), Self.isNumber(source[dash...].dropFirst(), digits: 4...9) else {
        return false
      }
      source = source[..<dash]
    } else {
      guard folders.count == 3, Self.isNumber(folders[0][...], digits: 4...4),
        Self.isNumber(folders[1][...], digits: 2...2), Self.isNumber(folders[2][...], digits: 2...2)
      else { return false }
    }
    // Score writes where build-evidence has written, which is compared.
    return receipt.stage == .score || receipt.sourceNames.contains(String(source))
  }

  private static func isNumber(_ text: Substring, digits: ClosedRange<Int>) -> Bool {
    digits.contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }
}

extension StageReceipt {
  /// Of build-evidence.
  private var sources: [JSON] { receipt.core.parameters["sources"]?.array ?? [] }

  var sourceNames: Set<String> { Set(sources.compactMap { $0["name"]?.string }) }

  /// The repositories in which files of sources are looked up, as paths from the workspace, by source.
  var repositories: [String: String] {
    var repositories: [String: String] = [:]
    for source in sources {
      if let name = source["name"]?.string, let place = source["repository"]?.string { repositories[name] = place }
    }
    return repositories
  }

  /// Has a source files that are looked up?
  var looksFilesUp: Bool { !repositories.isEmpty }
}
