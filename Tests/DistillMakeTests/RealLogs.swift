import Foundation
import Glibc
import JSONTape

/// The three sets of real logs, and one workspace built from them that the tests share.
enum RealLogs {
  /// Below `DISTILL_SHARED`, else in `shared` beside the repository. nil: they are not there.
  static let folder: String? = {
    let shared = ProcessInfo.processInfo.environment["DISTILL_SHARED"] ?? TestSpace.repository + "/../shared"
    let data = URL(fileURLWithPath: shared).appendingPathComponent("data").standardizedFileURL.path
    return FileManager.default.fileExists(atPath: data + "/tau-airline") ? data : nil
  }()

  static let areThere = folder != nil && Machine.hasPython

  static let configuration = """
    version: 1
    sources:
      - name: tau-airline
        preset: tau-bench
        files: shared/tau-airline/historical_trajectories/{model}-airline.json
      - name: bashkit-eval
        preset: bashkit-eval
        files: shared/bashkit-eval/results/eval-*.json
      - name: mifeval-es
        preset: m-ifeval
        files: shared/mifeval-es/evaluations/es_input_response_data_{model}/eval_results_*.jsonl

    """

  static func space(_ name: String = "workspace") throws -> TestSpace {
    let space = try TestSpace(name)
    guard let folder else { throw TestSpaceError("the real logs are not there") }
    try space.write("distill.yaml", configuration)
    try FileManager.default.createSymbolicLink(atPath: space.path("shared"), withDestinationPath: folder)
    return space
  }

  /// Built once; no test may change it.
  static func built() throws -> TestSpace { try shared.get() }

  private static let shared = Result {
    let space = try RealLogs.space()
    try space.build("-j", "2")
    // A static has no end of life of its own.
    atexit { if let space = try? RealLogs.built() { space.discard() } }
    return space
  }

  /// What an independent program makes of the same logs.
  static func expected() throws -> JSON { try count.get() }

  private static let count = Result {
    guard let folder else { throw TestSpaceError("the real logs are not there") }
    let result = try Machine.run(["python3", "-c", IndependentCount.script, folder])
    guard result.exitCode == 0 else { throw TestSpaceError("the independent count failed: \(result.stderr)") }
    return try JSON.parse(Array(result.stdout.utf8))
  }
}
