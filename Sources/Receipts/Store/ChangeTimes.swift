import SystemPackage

extension FileSystem {
  /// Does each change of a file that comes after a look at it have a time of its own? Then a file that looks as it did
  /// when it was looked at has not changed since, however short a time ago that was.
  ///
  /// Linux does so from 6.13 on (multigrain timestamps: ext4, XFS, Btrfs, tmpfs). No call tells it, so it is tried out
  /// with a file.
  ///
  /// - Parameter directory: for temporary files, on the file system in question.
  func tellsChangesApart(in directory: FilePath) throws(FileSystemError) -> Bool {
    let file = try StagedFile(self, in: directory)
    var times = [try file.status().changed]
    for byte in 0..<5 as Range<UInt8> {
      try withUnsafeBytes(of: byte) { bytes throws(FileSystemError) in try file.write(bytes) }
      times.append(try file.status().changed)
    }
    // A change gets the time of the clock's last step where that is enough to tell it from the one before: the first
    // two may.
    return areApart(changeTimes: times.suffix(4))
  }
}

/// Otherwise change times advance in steps of 1 to 10 ms, so that changes within half a millisecond have the same time,
/// or two.
///
/// - Parameter changeTimes: in nanoseconds, after each of four changes with a look between them.
func areApart(changeTimes: some Collection<Int64>) -> Bool {
  let steps = zip(changeTimes.dropFirst(), changeTimes).map { $0 - $1 }
  return steps.allSatisfy { $0 > 0 } && steps.reduce(0, +) < 500_000
}
