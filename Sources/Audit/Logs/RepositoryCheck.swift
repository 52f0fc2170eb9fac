import JSONTape
import Receipts
import Stages
import SystemPackage

/// Are the answers of `data/repository-facts.json` those that the questions ask for, and that the repositories give?
struct RepositoryCheck {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let log: FindingLog
  let options: AuditOptions
  let files: AuditedFiles

  private static let path = Layout.repositoryFacts
  private static let schema: JSON = "distill-make/repository-facts/v1"

  /// - Parameter exports: receipts of exporters.
  func check(_ evidence: StageReceipt, _ exports: [StageReceipt]) throws {
    let readers = exports.filter { $0.receipt.core.inputs.contains { $0.path == Self.path } }
    guard evidence.looksFilesUp, !readers.isEmpty, files.isSound(Self.path), files.isSound(Layout.repositoryPaths),
      let bytes = try fileSystem.regularContents(of: layout.path(Self.path)),
      let paths = try fileSystem.regularContents(of: layout.path(Layout.repositoryPaths))
    else { return }
    guard let facts = try? JSON.parse(bytes), facts.canonical + [UInt8(ascii: "\n")] == bytes,
      facts["schema"] == Self.schema
    else { return report(nil, "canonical JSON of \(Self.schema.canonicalString)", "something else") }
    for (source, place) in evidence.repositories.sorted(by: { $0.key < $1.key }) {
      let answers = facts["sources"]?[source]?.array ?? []
      if areAsked(answers, of: source, paths), options.readsInputs { try ask(answers, of: source, at: place, readers) }
    }
    for (source, _) in facts["sources"]?.object ?? [:] where evidence.repositories[source] == nil {
      report("/sources/\(source)", "sources with a `repository`", "another")
    }
  }

  private func report(
    _ member: String?, _ expected: String, _ found: String, _ code: FindingCode = .factsDiffer,
    _ level: Finding.Level = .finding
  ) {
    log.add(code, level, path: Self.path.string, member: member, expected: expected, found: found)
  }

  /// Each question has its answer, in the order of the questions, and nothing else has one.
  private func areAsked(_ answers: [JSON], of source: String, _ paths: [UInt8]) -> Bool {
    let asked = paths.split(separator: UInt8(ascii: "\n")).compactMap { try? JSON.parse(Array($0)).array }
      .filter { $0.count == 3 && $0[0] == .string(source) }
    let answered = answers.map { Array(($0.array ?? []).prefix(2)) }
    for number in 0..<max(asked.count, answered.count) {
      let expected = number < asked.count ? Array(asked[number].dropFirst()) : nil
      let found = number < answered.count ? answered[number] : nil
      if expected == found { continue }
      func words(_ question: [JSON]?) -> String { question.map { JSON.array($0).canonicalString } ?? "no answer" }
      report("/sources/\(source)/\(number)", words(expected), words(found))
      return false
    }
    return true
  }

  private func ask(_ answers: [JSON], of source: String, at place: String, _ readers: [StageReceipt]) throws {
    guard let trees = try options.trees(place) else {
      return report(
        "/sources/\(source)", "a git repository at \(place)", "none", .commitUnknown,
        options.isStrict ? .finding : .note)
    }
    // What was HEAD when the exports were made: of another repository than the workspace's nobody knows.
    let head = trees.isAround ? readers.lazy.compactMap(\.receipt.git).first?.sha : nil
    let isHeadThere = head.map(trees.hasCommit) ?? true
    for (number, row) in answers.enumerated() {
      guard let cells = row.array, cells.count == 3, let path = cells[1].string, let found = cells[2].string else {
        report("/sources/\(source)/\(number)", "commit, path and answer", row.canonicalString)
        continue
      }
      let commit = cells[0].string
      // That is a finding already.
      if commit == nil, !isHeadThere { continue }
      let expected = try trees.answer(path, commit ?? head)
      // Where the work tree was when the exports were made, nobody knows either.
      let isElsewhere = path.utf8.first == UInt8(ascii: "/") && (expected == "outside" || found == "outside")
      if expected == found || isElsewhere { continue }
      report(
        "/sources/\(source)/\(number)/2", "\(expected), as the repository at \(place) answers for \(path)", found,
        .factsDiffer, commit == nil && !trees.isAround ? .note : .finding)
    }
  }
}
