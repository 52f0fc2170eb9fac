import ArgumentParser

/// How many threads work.
struct JobsOption: ParsableArguments {
  static let range = 1...256

  @Option(name: [.customShort("j"), .long], help: ArgumentHelp("Threads. Default: one a core.", valueName: "n"))
  var jobs: Int?

  var count: Int { jobs ?? Workspace.processors }

  func validate() throws {
    guard let jobs, !Self.range.contains(jobs) else { return }
    throw ValidationError("-j takes a number from \(Self.range.lowerBound) to \(Self.range.upperBound)")
  }
}
