import ArgumentParser
import Audit
import Glibc
import JSONTape
import Receipts
import Stages
import SystemPackage

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Checks the receipts against the files, against each other, and every row against what it was made of.",
    discussion: """
      Writes nothing into the workspace, and needs no distill.yaml. A stage is audited with all that it reads from.

      Example: distill-make audit --sarif audit.sarif

      Ends with 1 when something is wrong; notes are no fault.
      """)

  @OptionGroup var workspace: WorkspaceOptions

  @Argument(help: "Stages to audit. Default: all.")
  var stages: [String] = []

  @Flag(name: .customLong("no-inputs"), help: "The logs are not at hand: don't look at them.")
  var noInputs = false

  @Flag(help: "Older receipts that the history lacks are findings, not notes.")
  var strict = false

  @Option(name: .shortAndLong, help: "How many threads work. Default: one a processor.")
  var jobs: Int?

  @Option(help: ArgumentHelp("Also write the findings as SARIF 2.1.0.", valueName: "file"))
  var sarif: String?

  @Flag(help: "Print it as JSON.")
  var json = false

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("-j takes a number from 1") }
  }

  func run() throws {
    let layout = try workspace.layout()
    let findings = try Self.audit(layout, try options(layout))
    if let sarif {
      try LocalFileSystem().replace(
        Self.absolute(sarif), with: Array(Sarif.log(findings, version: DistillMake.version).pretty().utf8) + [0x0A])
    }
    if json { Terminal.result(Self.tree(findings).pretty()) } else { Self.show(findings) }
    if findings.contains(where: { $0.level == .finding }) { throw Ending(.checkFailed) }
  }

  static func audit(_ layout: WorkspaceLayout, _ options: AuditOptions) throws -> [Finding] {
    do {
      return try Auditor(fileSystem: LocalFileSystem(), layout: layout, options: options).run()
    } catch {
      throw ErrorText.describe(error, root: layout)
    }
  }

  private func options(_ layout: WorkspaceLayout) throws -> AuditOptions {
    var options = AuditOptions()
    if !stages.isEmpty {
      options.stages = try stages.map { name in
        guard let stage = Pipeline.stages.first(where: { $0.text == name }) else {
          throw DistillError(
            .usage, "there is no stage \"\(name)\"",
            hint: "There are \(Pipeline.stages.map(\.text).joined(separator: ", ")).")
        }
        return stage
      }
    }
    options.readsInputs = !noInputs
    options.isStrict = strict
    options.jobs = jobs ?? Workspace.processors
    options.tool = try ToolFiles.identity(
      FileIndex(fileSystem: LocalFileSystem(), clock: SystemClock(), location: layout.index, paranoid: false))
    options.commits = { sha in
      // One of its own a question: a repository belongs to one thread.
      guard let repository = try? Repository.discover(from: layout.root) else { return .noRepository }
      return repository.commitExists(sha) ? .known : .unknown
    }
    return options
  }

  static func absolute(_ path: String) -> FilePath {
    let path = FilePath(path)
    guard path.isRelative, let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return FilePath(String(cString: folder)).pushing(path)
  }

  private static func tree(_ findings: [Finding]) -> JSON {
    let count = findings.count { $0.level == .finding }
    return [
      "ok": .bool(count == 0), "findings": .integer(Int64(count)), "notes": .integer(Int64(findings.count - count)),
      "results": .array(findings.map(\.json)),
    ]
  }

  /// Of one code at most that many a file.
  private static let shown = 10

  private static func show(_ findings: [Finding]) {
    var counts: [String: Int] = [:]
    for finding in findings {
      let kind = "\(finding.code.rawValue) \(finding.path)"
      counts[kind, default: 0] += 1
      guard counts[kind]! <= shown else { continue }
      let level = finding.level == .note ? "note  " : ""
      Terminal.result("\(level)\(finding.code.rawValue)  \(finding.place)\(finding.member.map { "  \($0)" } ?? "")")
      Terminal.result("    expected  \(finding.expected)")
      Terminal.result("    found     \(finding.found)")
    }
    for (kind, count) in counts.sorted(by: { $0.key < $1.key }) where count > shown {
      Terminal.result("… and \(count - shown) more: \(kind)")
    }
    let count = findings.count { $0.level == .finding }
    let notes = findings.count - count
    let words = count == 0 ? "nothing is wrong" : count == 1 ? "1 finding" : "\(count) findings"
    Terminal.say("distill-make: \(words)\(notes == 0 ? "" : notes == 1 ? ", 1 note" : ", \(notes) notes")")
  }
}
