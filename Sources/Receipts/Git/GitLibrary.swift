import CGit2

/// What libgit2 needs once a process, and its errors in our words.
enum GitLibrary {
  /// Negative: libgit2 could not be set up.
  ///
  /// The check that a repository belongs to the user who reads it is off: it guards against hooks and programs named in
  /// the configuration, and nothing here runs any.
  static let setup: Int32 = {
    let result = git_libgit2_init()
    return result < 0 ? result : distill_git_set_owner_validation(0)
  }()

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
