import ArgumentParser
import Receipts
import Stages

@main
struct DistillMake: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "distill-make",
    abstract: "Builds RAG, SFT and preference data sets from the logs of agents' runs, with a receipt for every step.",
    usage: "distill-make [-C <dir>] <subcommand> [<options>]",
    discussion: """
      A workspace is a folder with a distill.yaml; `distill-make init` writes one for the logs it finds.

      Example: distill-make -C my-workspace all

      Exit codes: 0 done; 1 a check failed; 64 usage; 65 configuration or data; 70 our own fault; 73 can't write; 74 I/O;
      75 locked; 130, 143 stopped by a signal.
      """,
    version: version,
    subcommands: [
      InitCommand.self, AllCommand.self, BuildEvidenceCommand.self, ScoreCommand.self, ExportRAGCommand.self,
      ExportSFTCommand.self, ExportPreferenceCommand.self, ExportAllCommand.self, StatusCommand.self,
      ExplainCommand.self, HealthCommand.self, GraphCommand.self, ReportCommand.self, SchemaCommand.self,
      SelftestCommand.self, AuditCommand.self, VerifyCommand.self, TraceCommand.self, LogCommand.self, DiffCommand.self,
      AttestCommand.self, KeygenCommand.self, GarbageCollectionCommand.self, RunActionCommand.self,
    ])

  static func main() {
    LargeBlocks.goBackWhenFreed()
    // So that it takes part in the work that it parts.
    onWorkerThread { runCommand() }
  }

  private static func runCommand() {
    let arguments = CommandLineArguments.normalised(Array(CommandLine.arguments.dropFirst()))
    var command: any ParsableCommand
    do {
      try checkCommand(arguments)
      command = try parseAsRoot(arguments)
    } catch let error as DistillError {
      leave(error)
    } catch {
      exit(withError: error)
    }
    do {
      try command.run()
    } catch let error as Ending {
      error.leave()
    } catch let error where exitCode(for: error) != .failure {
      // The parser's own: a question for help, or a wrong word.
      exit(withError: error)
    } catch {
      leave(ErrorText.describe(error, root: nil))
    }
  }

  /// The parser would call it an unexpected argument.
  private static func checkCommand(_ arguments: [String]) throws(DistillError) {
    let names = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    guard let word = arguments.first, !word.hasPrefix("-"), !names.contains(word) else { return }
    throw DistillError(
      .usage, "there is no command `\(word)`", hint: NearestWord.hint(for: word, among: names, title: "commands"))
  }

  private static func leave(_ error: DistillError) -> Never {
    ErrorText.print(error)
    Ending(error.code).leave()
  }
}
