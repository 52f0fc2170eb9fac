import CMalloc

/// Keeps the memory of a process to what it uses.
enum LargeBlocks {
  private static let size: Int32 = 4 << 20

  /// The C library learns, from blocks of some megabytes that are freed, to keep such blocks for later, and then holds up to half
  /// as much again as is in use. What is used again is kept here by who uses it, so the rest may go.
  static func goBackWhenFreed() {
    mallopt(M_MMAP_THRESHOLD, size)
    // What is smaller need not go back at each opportunity.
    mallopt(M_TRIM_THRESHOLD, 2 * size)
  }
}
