import Glibc
import Receipts
import SystemPackage

/// Who holds a lock, as Linux tells it: for a message, never for a decision.
enum LockHolder {
  /// `process 4711 (distill-make all)`; nil: not known.
  static func description(of folder: FilePath) -> String? {
    guard let status = try? LocalFileSystem().status(of: folder, followingLinks: true),
      let table = ProcessTable.text("locks")
    else { return nil }
    for line in table.split(separator: "\n") {
      // 1: FLOCK  ADVISORY  WRITE 4711 fe:00:123456 0 EOF
      let cells = line.split(separator: " ", omittingEmptySubsequences: true)
      guard cells.count > 5, cells[1] == "FLOCK", cells[5].hasSuffix(":\(status.inode)"), let process = Int(cells[4])
      else { continue }
      let command = ProcessTable.text("\(process)/cmdline").map {
        $0.split(separator: "\0").map { $0.split(separator: "/").last ?? $0 }.joined(separator: " ")
      }
      return "process \(process)" + (command.map { " (\($0))" } ?? "")
    }
    return nil
  }
}
