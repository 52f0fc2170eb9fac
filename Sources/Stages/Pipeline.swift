import Receipts

/// The program's graph: logs → evidence → scored runs → three exports.
public enum Pipeline {
  /// Every function that an action of the program may name.
  public static let functions = FunctionTable([
    EvidenceMap.function, EvidenceReduce.function, ScoreMap.function, JudgementJoin.function, ParentJoin.function,
    RagMap.function, SftMap.function, UniqueReduce.function, PreferenceMap.function, PreferencePair.function,
    PreferenceEmit.function,
  ])

  /// In the order of the graph.
  public static let stages: [StageName] = [.buildEvidence, .score] + exports
  public static let exports: [StageName] = [.exportRAG, .exportSFT, .exportPreference]

  public static func graph(_ configuration: Configuration, _ logs: SourceLogs) throws(DistillError) -> StageGraph {
    try StageGraph([
      BuildEvidenceStage(logs), ScoreStage(configuration: configuration), SampleStage.rag(configuration.exports),
      SampleStage.sft(configuration.exports), PreferenceStage(configuration.exports),
    ])
  }
}
