import Receipts
import SystemPackage

/// The program's graph: logs → evidence → scored runs → three exports.
public enum Pipeline {
  /// Every function that an action of the program may name.
  public static let functions = functions(behind: Firewall())

  static func functions(behind firewall: Firewall) -> FunctionTable {
    FunctionTable([
      EvidenceMap.function, EvidenceReduce.function, IdentityParts.function, LookupMap.function,
      RepositoryPaths.function,
      ScoreMap.function, JudgementMap.function, IdentityMap.function, JudgementJoin.function, ParentJoin.function,
      RagMap.function(behind: firewall),
      SftMap.function(behind: firewall),
      SampleParts.function, StraddlingIDs.function, UniqueReduce.function, TaskTotals.function, LengthTotals.function,
      HoldoutPrompts.function,
      PreferenceMap.function(behind: firewall), PreferencePair.function(behind: firewall),
      PreferenceGather.function, PreferenceEmit.function(behind: firewall),
    ])
  }

  /// In the order of the graph.
  public static let stages: [StageName] = [.buildEvidence, .score] + exports
  public static let exports: [StageName] = [.exportRAG, .exportSFT, .exportPreference]

  /// - Parameter workspace: what `repository` paths and the patterns of `exports.holdout` start from.
  public static func graph(
    _ configuration: Configuration, _ logs: SourceLogs, workspace: FilePath, of fileSystem: any FileSystem
  ) throws -> StageGraph {
    let exports = ExportContext(
      facts: RepositoryFacts.derivedInput(configuration, workspace: workspace),
      holdout: try HoldoutFiles.find(configuration.exports, in: workspace, of: fileSystem))
    return try StageGraph([
      BuildEvidenceStage(logs), ScoreStage(configuration: configuration),
      SampleStage.rag(configuration.exports, exports), SampleStage.sft(configuration.exports, exports),
      PreferenceStage(configuration.exports, exports),
    ])
  }
}
