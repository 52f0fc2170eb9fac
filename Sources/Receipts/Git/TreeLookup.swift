import CGit2
import SystemPackage

/// What a commit's tree has at a path.
public enum TreeAnswer: String, Sendable, CaseIterable {
  case file
  case directory
  /// The submodule itself. What is inside it is in another repository.
  case submodule
  case missing
  case insideSubmodule = "inside_submodule"
  /// `..` or an absolute path leads out of the repository.
  case outside
  case noSuchCommit = "no_such_commit"
}

extension Repository {
  /// Looks a path up as a person writes it: `./a`, `a/../b`, absolute below the work tree, through symbolic links of
  /// the tree.
  ///
  /// The trees on the way are kept, so that many look-ups in the same folders parse each once.
  ///
  /// - Parameter commit: see `commitExists`; nil: HEAD.
  public func answer(_ path: String, commit: String?) throws(DistillError) -> TreeAnswer {
    // Nothing names the root by saying nothing.
    if path.isEmpty { return .missing }
    guard let sha = commit ?? headCommit(), isOpen(sha) || commitExists(sha) else { return .noSuchCommit }
    guard var components = TreePath.components(path, workTree: workTree) else { return .outside }
    for _ in 0..<Self.maximumLinks {
      var folder: [String] = []
      var followed: [String]?
      for (index, name) in components.enumerated() {
        let isLast = index == components.count - 1
        guard let entry = try entry(name, in: folder, commit: sha) else { return .missing }
        switch entry {
        case .tree: if isLast { return .directory }
        case .submodule: return isLast ? .submodule : .insideSubmodule
        case .file: return isLast ? .file : .missing
        case .link(let target):
          if isLast { return .file }
          guard !target.hasPrefix("/"),
            let resolved = TreePath.resolve(folder + TreePath.names(target))
          else { return .outside }
          followed = resolved + components[(index + 1)...]
        }
        if followed != nil { break }
        folder.append(name)
      }
      guard let next = followed else { return .directory }
      components = next
    }
    return .missing
  }

  /// Links that are followed one after the other before a path counts as missing.
  private static let maximumLinks = 16

  private enum Entry {
    case tree, submodule, file
    case link(target: String)
  }

  private func entry(_ name: String, in folder: [String], commit: String) throws(DistillError) -> Entry? {
    // No name holds a NUL, which would end it for libgit2.
    guard !name.utf8.contains(0), let tree = try folderTree(folder, commit: commit),
      let entry = git_tree_entry_byname(tree, name)
    else { return nil }
    switch git_tree_entry_filemode(entry) {
    case GIT_FILEMODE_TREE: return .tree
    case GIT_FILEMODE_COMMIT: return .submodule
    case GIT_FILEMODE_LINK: return .link(target: try text(of: entry))
    default: return .file
    }
  }
}

/// Paths as lists of names.
enum TreePath {
  /// nil: it leads out of the repository.
  static func components(_ path: String, workTree: FilePath?) -> [String]? {
    guard path.utf8.first == UInt8(ascii: "/") else { return resolve(names(path)) }
    guard let workTree else { return nil }
    let (root, all) = (names(workTree.string), names(path))
    guard all.count >= root.count, zip(root, all).allSatisfy({ ExactString($0) == ExactString($1) }) else { return nil }
    return resolve(all[root.count...])
  }

  /// What stands between slashes, by bytes: a `/` with a combining mark behind it is one, too.
  static func names(_ path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
  }

  static func resolve(_ names: some Sequence<String>) -> [String]? {
    var resolved: [String] = []
    for name in names {
      switch name {
      case ".", "": continue
      case "..": if resolved.popLast() == nil { return nil }
      default: resolved.append(name)
      }
    }
    return resolved
  }
}
