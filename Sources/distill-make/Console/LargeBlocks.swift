import CMalloc

/// Keeps the memory of a process to what it uses.
enum LargeBlocks {
  private static let size: Int32 = 128 << 10

  /// The C library learns, from large blocks that are freed, to keep such blocks for later, in a heap for each thread,
  /// where what grows leaves gaps. It then holds several times what is in use. What is wanted again is kept by whom it
  /// serves, so the rest may go.
  static func goBackWhenFreed() {
    mallopt(M_MMAP_THRESHOLD, size)
    // What is smaller need not go back at each opportunity.
    mallopt(M_TRIM_THRESHOLD, 8 * size)
  }
}
