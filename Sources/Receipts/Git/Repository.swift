import CGit2
import Glibc
import SystemPackage

/// A git repository, for reading: no git is run, no index refreshed, no hook or filter program started. One a thread.
public final class Repository {
  private let handle: OpaquePointer
  private let place: String
  private let timeLimit: Double
  /// Trees that were looked into, by commit as the caller wrote it. They belong to libgit2 and are freed with this.
  private var roots: [ExactString: OpaquePointer] = [:]
  /// Those of folders, by `<commit>:<folder>`.
  private var trees: [ExactString: OpaquePointer] = [:]

  private init(handle: OpaquePointer, place: String, timeLimit: Double) {
    self.handle = handle
    self.place = place
    self.timeLimit = timeLimit
  }

  deinit {
    for tree in roots.values { git_tree_free(tree) }
    for tree in trees.values { git_tree_free(tree) }
    git_repository_free(handle)
  }

  /// The repository that `directory` or one of its parents belongs to; nil: there is none.
  ///
  /// - Throws: there is one, but it can't be read.
  public static func discover(from directory: FilePath) throws(DistillError) -> Repository? {
    try discover(from: directory, timeLimit: 600)
  }

  /// - Parameter timeLimit: seconds of processor time for a look at all that is tracked. libgit2 1.5 never ends where a
  ///   loose object was cut off.
  static func discover(from directory: FilePath, timeLimit: Double) throws(DistillError) -> Repository? {
    try GitLibrary.check(GitLibrary.setup, "libgit2 can't be used")
    var handle: OpaquePointer?
    let result = directory.withPlatformString { git_repository_open_ext(&handle, $0, 0, nil) }
    if result == GIT_ENOTFOUND.rawValue { return nil }
    try GitLibrary.check(result, "the git repository can't be read", place: directory.string)
    return handle.map { Repository(handle: $0, place: directory.string, timeLimit: timeLimit) }
  }

  /// The folder of the checked-out files, absolute, links resolved; nil: a bare repository.
  public var workTree: FilePath? {
    git_repository_workdir(handle).map { FilePath(platformString: $0) }
  }

  /// 40 hex digits; nil: no commit yet.
  public func headCommit() -> String? {
    var id = git_oid()
    guard git_reference_name_to_id(&id, handle, "HEAD") == 0 else { return nil }
    return Self.hex(&id)
  }

  /// HEAD, and whether tracked files differ from it. Files that git doesn't track, and submodules, don't count.
  ///
  /// - Parameters:
  ///   - workspace: a folder in the work tree.
  ///   - excluding: folders or files whose changes don't count, relative to the workspace.
  /// - Returns: nil: no commit yet. A bare repository is never dirty.
  public func state(workspace: FilePath, excluding: [String]) throws(DistillError) -> GitState? {
    guard let sha = headCommit() else { return nil }
    guard let workTree else { return GitState(sha: sha, dirty: false) }
    var inside = try Self.resolved(workspace)
    guard inside.removePrefix(try Self.resolved(workTree)) else {
      throw DistillError(.usage, "is not in the work tree of \(workTree.string)", place: workspace.string)
    }
    // First what a power cut is most likely to have cut off, which is read in no time.
    _ = try tree(sha)
    let search = DirtSearch(excluding: excluding.map { inside.appending($0) })
    let watched = beginWatch(share: 1)
    defer { Watchdog.end(watched) }
    try find(search)
    return GitState(sha: sha, dirty: search.found)
  }

  /// - Parameter sha: 4 to 40 hex digits; fewer than 40 must be those of one object only.
  public func commitExists(_ sha: String) -> Bool {
    guard let commit = commit(sha) else { return false }
    git_commit_free(commit)
    return true
  }

  /// The tree of a folder; nil: there is no such folder. It belongs to this.
  func folderTree(_ folder: [String], commit: String) throws(DistillError) -> OpaquePointer? {
    let root = try tree(commit)
    if folder.isEmpty { return root }
    let path = folder.joined(separator: "/")
    let key = ExactString("\(commit):\(path)")
    if let tree = trees[key] { return tree }
    let watched = beginWatch()
    defer { Watchdog.end(watched) }
    var entry: OpaquePointer?
    let result = git_tree_entry_bypath(&entry, root, path)
    defer { git_tree_entry_free(entry) }
    if result == GIT_ENOTFOUND.rawValue { return nil }
    try GitLibrary.check(result, "the tree of commit \(commit) can't be read", place: place)
    var object: OpaquePointer?
    try GitLibrary.check(
      git_tree_entry_to_object(&object, handle, entry), "the tree of commit \(commit) can't be read", place: place)
    guard let object, git_object_type(object) == GIT_OBJECT_TREE else {
      git_object_free(object)
      return nil
    }
    trees[key] = object
    return object
  }

  /// Whether the commit's tree was looked into before.
  func isOpen(_ commit: String) -> Bool { roots[ExactString(commit)] != nil }

  /// Trees that were read so far, each once.
  package var treeCount: Int { roots.count + trees.count }

  /// The text of a symbolic link.
  func text(of entry: OpaquePointer) throws(DistillError) -> String {
    let watched = beginWatch()
    defer { Watchdog.end(watched) }
    var object: OpaquePointer?
    try GitLibrary.check(git_tree_entry_to_object(&object, handle, entry), "a link can't be read", place: place)
    defer { git_object_free(object) }
    guard let object, let bytes = git_blob_rawcontent(object) else { return "" }
    return String(decoding: UnsafeRawBufferPointer(start: bytes, count: Int(git_blob_rawsize(object))), as: UTF8.self)
  }

  private func tree(_ sha: String) throws(DistillError) -> OpaquePointer {
    if let tree = roots[ExactString(sha)] { return tree }
    let watched = beginWatch()
    defer { Watchdog.end(watched) }
    guard let commit = commit(sha) else { throw DistillError(.data, "there is no commit \(sha)", place: place) }
    defer { git_commit_free(commit) }
    var tree: OpaquePointer?
    try GitLibrary.check(git_commit_tree(&tree, commit), "the tree of commit \(sha) can't be read", place: place)
    guard let tree else { throw DistillError(.internalFault, "libgit2 gave no tree", place: place) }
    roots[ExactString(sha)] = tree
    return tree
  }

  /// The caller frees it.
  private func commit(_ sha: String) -> OpaquePointer? {
    let length = sha.utf8.count
    guard (4...40).contains(length) else { return nil }
    let watched = beginWatch()
    defer { Watchdog.end(watched) }
    var id = git_oid()
    var commit: OpaquePointer?
    guard git_oid_fromstrn(&id, sha, length) == 0, git_commit_lookup_prefix(&commit, handle, &id, length) == 0 else {
      return nil
    }
    return commit
  }

  /// - Parameter share: of the time limit: one object has less.
  private func beginWatch(share: Double = 0.05) -> Int {
    let limit = timeLimit * share
    return Watchdog.begin(limit: limit) { [place] _ in
      "\(place): libgit2 took more than \(limit) s of processor time to read the git repository\n"
        + "  an object that was cut off can keep it for ever: does `git fsck` find one?"
    }
  }

  private func find(_ search: DirtSearch) throws(DistillError) {
    var options = git_status_options()
    try GitLibrary.check(
      git_status_options_init(&options, UInt32(GIT_STATUS_OPTIONS_VERSION)), "libgit2 can't be used")
    options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR
    // No flag for untracked or ignored files, and none for writing a refreshed index.
    options.flags = GIT_STATUS_OPT_EXCLUDE_SUBMODULES.rawValue
    let result = git_status_foreach_ext(
      handle, &options,
      { path, _, payload in
        guard let path, let payload else { return 0 }
        let search = Unmanaged<DirtSearch>.fromOpaque(payload).takeUnretainedValue()
        return search.visit(FilePath(platformString: path)) ? 1 : 0
      }, Unmanaged.passUnretained(search).toOpaque())
    // A positive result is that of the callback, which has seen enough.
    try GitLibrary.check(result, "the state of the work tree can't be read", place: place)
  }

  private static func resolved(_ path: FilePath) throws(DistillError) -> FilePath {
    guard let text = path.withPlatformString({ realpath($0, nil) }) else {
      throw DistillError(.inputOutput, Errno(rawValue: errno).description, place: path.string)
    }
    defer { free(text) }
    return FilePath(platformString: text)
  }

  private static func hex(_ id: inout git_oid) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 41) { text in
      String(cString: git_oid_tostr(text.baseAddress, text.count, &id))
    }
  }
}

/// Looks for the first changed path that counts.
private final class DirtSearch {
  private let excluded: [FilePath]
  private(set) var found = false

  /// - Parameter excluding: relative to the root of the repository.
  init(excluding: [FilePath]) {
    excluded = excluding
  }

  /// Returns true when the search is over.
  func visit(_ path: FilePath) -> Bool {
    found = !excluded.contains { path.starts(with: $0) }
    return found
  }
}
