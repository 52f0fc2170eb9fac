import CGit2
import Receipts

/// A git repository that a test writes, by libgit2, so that no git and no configuration of a user is needed.
final class GitFixture {
  private var handle: OpaquePointer?

  init(_ folder: TemporaryFolder) {
    git_libgit2_init()
    check(git_repository_init(&handle, folder.path.string, 0))
  }

  deinit {
    git_repository_free(handle)
    git_libgit2_shutdown()
  }

  func stage(_ names: [String]) {
    var index: OpaquePointer?
    check(git_repository_index(&index, handle))
    for name in names { check(git_index_add_bypath(index, name)) }
    check(git_index_write(index))
    git_index_free(index)
  }

  /// Returns the commit's id.
  @discardableResult
  func commit(_ names: [String]) -> String {
    stage(names)
    var index: OpaquePointer?
    check(git_repository_index(&index, handle))
    var treeID = git_oid()
    check(git_index_write_tree(&treeID, index))
    git_index_free(index)
    return commit(tree: treeID)
  }

  /// A thing in a tree.
  enum Node {
    case file
    case link(String)
    case submodule
    case folder([String: Node])
    /// A tree that was made before.
    case tree(git_oid)
  }

  /// Writes a tree and those below it. All files have the same text.
  func tree(_ nodes: [String: Node]) -> git_oid {
    var builder: OpaquePointer?
    check(git_treebuilder_new(&builder, handle, nil))
    defer { git_treebuilder_free(builder) }
    let file = blob("text")
    for (name, node) in nodes {
      var (id, mode) =
        switch node {
        case .file: (file, GIT_FILEMODE_BLOB)
        case .link(let target): (blob(target), GIT_FILEMODE_LINK)
        case .submodule: (file, GIT_FILEMODE_COMMIT)
        case .folder(let nodes): (tree(nodes), GIT_FILEMODE_TREE)
        case .tree(let id): (id, GIT_FILEMODE_TREE)
        }
      check(git_treebuilder_insert(nil, builder, name, &id, mode))
    }
    var id = git_oid()
    check(git_treebuilder_write(&id, builder))
    return id
  }

  /// Writes trees with the files `file-0.swift`, … and one more that the others lack, so that no two are the same.
  func similarTrees(_ count: Int, fileCount: Int) -> [git_oid] {
    var builder: OpaquePointer?
    check(git_treebuilder_new(&builder, handle, nil))
    defer { git_treebuilder_free(builder) }
    var file = blob("text")
    for number in 0..<fileCount {
      check(git_treebuilder_insert(nil, builder, "file-\(number).swift", &file, GIT_FILEMODE_BLOB))
    }
    return (0..<count).map { number in
      check(git_treebuilder_insert(nil, builder, "only-\(number)", &file, GIT_FILEMODE_BLOB))
      var id = git_oid()
      check(git_treebuilder_write(&id, builder))
      check(git_treebuilder_remove(builder, "only-\(number)"))
      return id
    }
  }

  private func blob(_ text: String) -> git_oid {
    var id = git_oid()
    check(git_blob_create_from_buffer(&id, handle, text, text.utf8.count))
    return id
  }

  /// Commits a tree on HEAD, whatever the work tree has. Returns the commit's id.
  @discardableResult
  func commit(tree treeID: git_oid) -> String {
    var treeID = treeID
    var tree: OpaquePointer?
    check(git_tree_lookup(&tree, handle, &treeID))
    var author: UnsafeMutablePointer<git_signature>?
    check(git_signature_new(&author, "test", "test@example.org", 1_777_190_400, 0))
    var parentID = git_oid()
    var parents: [OpaquePointer?] = []
    if git_reference_name_to_id(&parentID, handle, "HEAD") == 0 {
      var parent: OpaquePointer?
      check(git_commit_lookup(&parent, handle, &parentID))
      parents.append(parent)
    }
    var id = git_oid()
    check(
      git_commit_create(
        &id, handle, "HEAD", author, author, nil, "a commit", tree, parents.count, &parents))
    for parent in parents { git_commit_free(parent) }
    git_signature_free(author)
    git_tree_free(tree)
    var text = [CChar](repeating: 0, count: 41)
    return String(cString: git_oid_tostr(&text, text.count, &id))
  }

  private func check(_ result: Int32) {
    precondition(result >= 0, "libgit2: \(git_error_last().map { String(cString: $0.pointee.message) } ?? "?")")
  }
}
