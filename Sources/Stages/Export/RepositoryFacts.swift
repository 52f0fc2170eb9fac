import JSONTape
import Receipts
import SystemPackage

/// What git repositories say of the files that evidence names: `data/repository-facts.json`, canonical JSON
/// `{"schema", "sources": {"<source>": [[commit or null, "path", "<answer>"], …]}}`, the answers as in `TreeAnswer`.
///
/// It holds answers, not commits of today: a commit that changes no answer changes no byte of it.
public struct RepositoryFacts: Sendable {
  static let schema = "distill-make/repository-facts/v1"

  /// Git compares names byte for byte, so two forms of one letter are two paths.
  private struct Question: Hashable {
    var source: String
    var commit: ExactString?
    var path: ExactString

    init(_ source: String, commit: String?, path: String) {
      self.source = source
      self.commit = commit.map(ExactString.init)
      self.path = ExactString(path)
    }
  }

  private var answers: [Question: TreeAnswer] = [:]
  private var sources: Set<String> = []

  /// From the file.
  init(_ bytes: ByteSlice) throws {
    for (source, rows) in try JSON.parse(Array(bytes.buffer))["sources"]?.object ?? [:] {
      sources.insert(source)
      for row in rows.array ?? [] {
        guard let cells = row.array, cells.count == 3, let path = cells[1].string,
          let answer = cells[2].string.flatMap(TreeAnswer.init(rawValue:))
        else { throw DistillError(.data, "a row is not [commit, path, answer]", place: Layout.repositoryFacts.string) }
        answers[Question(source, commit: cells[0].string, path: path)] = answer
      }
    }
  }

  /// Has the source a `repository`? Its runs may still name no file.
  func looksUp(_ source: String) -> Bool { sources.contains(source) }

  /// What is wrong with the files that a run names, a sentence each.
  func errors(source: String, commit: String?, paths: [String]) -> [String] {
    paths.compactMap { path in
      let place = commit.map { "commit \($0)" } ?? "HEAD"
      return switch answers[Question(source, commit: commit, path: path)] {
      case .file, .directory, .submodule: nil
      case .missing: "\(path) is not in the tree of \(place)"
      case .insideSubmodule: "\(path) is inside a submodule, whose files are not in the tree of \(place)"
      case .outside: "\(path) is outside of the repository"
      case .noSuchCommit: "\(path) can't be looked up: the repository has no \(place)"
      case nil: "\(path) was not looked up"
      }
    }
  }

  /// Asks the repositories. Not cached: what a repository has can change while no file of the workspace does.
  ///
  /// - Parameters:
  ///   - repositories: by source, as paths from the workspace.
  ///   - paths: what `evidence.paths` wrote.
  static func resolve(_ paths: [UInt8], repositories: [String: String], workspace: FilePath) throws -> [UInt8] {
    var opened: [String: (repository: Repository, head: String?)] = [:]
    var answers = repositories.mapValues { _ in [JSON]() }
    let rows = try paths.split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)).array ?? [] }
    for row in rows {
      guard row.count == 3, let source = row[0].string, let path = row[2].string, let place = repositories[source]
      else { continue }
      if opened[place] == nil {
        guard let found = try Repository.discover(from: workspace.appending(place)) else {
          throw DistillError(
            .data, "there is no git repository", place: place,
            hint: "Correct `repository` of source \"\(source)\", or take it out.")
        }
        opened[place] = (found, found.headCommit())
      }
      guard let (repository, head) = opened[place] else { continue }
      let answer = try repository.answer(path, commit: row[1].string ?? head)
      answers[source, default: []].append([row[1], row[2], .string(answer.rawValue)])
    }
    let sources = JSONObject(answers.sorted { $0.key < $1.key }.map { ($0.key, .array($0.value)) })
    let facts: JSON = ["schema": .string(schema), "sources": .object(sources)]
    return facts.canonical + [UInt8(ascii: "\n")]
  }

  /// nil: no source looks its files up.
  static func derivedInput(_ configuration: Configuration, workspace: FilePath) -> DerivedInput? {
    let pairs = configuration.sources.compactMap { source in source.repository.map { (source.name, $0) } }
    guard !pairs.isEmpty else { return nil }
    let repositories = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    return DerivedInput(path: Layout.repositoryFacts, source: Layout.repositoryPaths) { paths in
      try resolve(paths, repositories: repositories, workspace: workspace)
    }
  }
}
