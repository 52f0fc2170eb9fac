import CGit2

/// What libgit2 needs once a process, and its errors in our words.
enum GitLibrary {
  /// Negative: libgit2 could not be set up.
  ///
  /// The check that a repository belongs to the user who reads it is off: it guards against hooks and programs named in
  /// the configuration, and nothing here runs any.
  static let setup: Int32 = {
    let result = git_libgit2_init()
    if result < 0 { return result }
    leaveOutBrokenConfiguration()
    return distill_git_set_owner_validation(0)
  }()

  /// The user's and the machine's configuration say which line ends are no change (`core.autocrlf`), so they count
  /// where they can be read. Where they can't, libgit2 would open no repository; then the repository's own counts
  /// alone. The search paths are the process's, so this is for its beginning.
  private static func leaveOutBrokenConfiguration() {
    var configuration: OpaquePointer?
    let result = git_config_open_default(&configuration)
    git_config_free(configuration)
    guard result < 0 else { return }
    for level in [GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL]
    {
      _ = distill_git_set_search_path(level.rawValue, "")
    }
  }

  /// Throws for a negative `result`, with the reason that libgit2 gives.
  @discardableResult
  static func check(
    _ result: Int32, _ what: String, place: String? = nil
  ) throws(DistillError) -> Int32 {
    guard result < 0 else { return result }
    let reason = git_error_last().flatMap { $0.pointee.message }.map { String(cString: $0) }
    throw DistillError(.data, "\(what): \(reason ?? "libgit2 error \(result)")", place: place)
  }
}
