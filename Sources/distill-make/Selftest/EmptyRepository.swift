import CGit2
import Receipts
import SystemPackage

/// A git repository with one commit of nothing: whatever file a run names, it is not there.
enum EmptyRepository {
  static func make(at folder: FilePath) throws {
    git_libgit2_init()
    defer { git_libgit2_shutdown() }
    var repository: OpaquePointer?
    try check(folder.withPlatformString { git_repository_init(&repository, $0, 0) })
    defer { git_repository_free(repository) }
    var builder: OpaquePointer?
    try check(git_treebuilder_new(&builder, repository, nil))
    defer { git_treebuilder_free(builder) }
    var treeID = git_oid()
    try check(git_treebuilder_write(&treeID, builder))
    var tree: OpaquePointer?
    try check(git_tree_lookup(&tree, repository, &treeID))
    defer { git_tree_free(tree) }
    var signature: UnsafeMutablePointer<git_signature>?
    try check(git_signature_new(&signature, "selftest", "selftest@localhost", 0, 0))
    defer { git_signature_free(signature) }
    var commitID = git_oid()
    try check(
      git_commit_create(&commitID, repository, "HEAD", signature, signature, nil, "nothing", tree, 0, nil))
  }

  private static func check(_ code: Int32) throws {
    guard code < 0 else { return }
    let reason = git_error_last().flatMap { $0.pointee.message }.map { String(cString: $0) } ?? "code \(code)"
    throw DistillError(.internalFault, "libgit2 can't make the self-test's repository: \(reason)")
  }
}
