extension Build {
  /// Brings a publication's files or folders to the disk.
  ///
  /// One by one while they are few: a barrier also waits for what other programs write. Many at once: thousands of
  /// syncs would each wait for the disk.
  ///
  /// - Parameters:
  ///   - barrier: of the file system that has them all; nil: it offers none.
  ///   - each: syncs one, on any thread.
  func synchronize<Item: Sendable>(
    _ items: [Item], _ barrier: (any ChangeBarrier)?, each: @Sendable (Item) throws -> Void
  ) throws {
    if items.count > options.singleSyncs, let barrier { return try barrier.synchronize() }
    _ = try parallelMap(items, jobs: options.jobs) { _, item in try each(item) }
  }
}
