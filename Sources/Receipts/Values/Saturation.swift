extension FixedWidthInteger {
  /// The sum, or the bound that it would pass: for numbers of files that others could write.
  package func addingSaturated(_ other: Self) -> Self {
    let (sum, isTooMuch) = addingReportingOverflow(other)
    if !isTooMuch { return sum }
    return other < 0 ? .min : .max
  }
}
