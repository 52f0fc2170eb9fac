/// Runs `body` over runs of `items`, of which each is less work than starting a thread.
///
/// - Parameters:
///   - count: items of a run. No more than that are worked at on the calling thread.
///   - jobs: as for `parallelMap`.
///   - body: gets a slice with the indices that it has in `items`.
/// - Returns: the results in the order of the items.
func parallelMap<Item: Sendable, Result: Sendable>(
  _ items: [Item], inRunsOf count: Int, jobs: Int, _ body: @Sendable (ArraySlice<Item>) throws -> Result
) throws -> [Result] {
  guard jobs > 1, items.count > count else { return [try body(items[...])] }
  let runs = stride(from: 0, to: items.count, by: count).map { items[$0..<min($0 + count, items.count)] }
  return try parallelMap(runs, jobs: jobs) { _, run in try body(run) }
}
