import Glibc
import Receipts
import SystemPackage

/// Circumstances that must not change a byte. The names of folders, too, are circumstances.
struct Variation {
  var name: String
  /// Below the folder of the verification.
  var folder: String
  var environment: [String: String]
  var umask: mode_t
  var jobs: Int
  var isReversed: Bool

  /// Zones on both sides of the date line, locales with other letters and other decimal signs, one thread and many.
  static let all = [
    Variation(
      name: "east", folder: "east/ein langer Weg/ı/zu 'ihm'",
      environment: [
        "TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr",
        "SOURCE_DATE_EPOCH": "0",
      ], umask: 0o077, jobs: 1, isReversed: true),
    Variation(
      name: "west", folder: "w",
      environment: [
        "TZ": "America/St_Johns", "LC_ALL": "C", "LANG": "C", "LANGUAGE": "", "SOURCE_DATE_EPOCH": "4102444800",
      ], umask: 0, jobs: min(2 * Workspace.processors + 1, JobsOption.range.upperBound),
      isReversed: false),
  ]

  /// For people.
  var text: String {
    let variables = ["TZ", "LC_ALL", "SOURCE_DATE_EPOCH"].map { "\($0)=\(environment[$0] ?? "")" }
    let circumstances = [folder] + variables + ["umask \(String(umask, radix: 8))", "-j \(jobs)"]
    return "\(name): " + (circumstances + (isReversed ? ["folders listed backwards"] : [])).joined(separator: ", ")
  }

  /// Rebuilds in another process.
  ///
  /// - Returns: where to.
  /// - Throws: when the rebuild itself could not be made.
  func rebuild(_ workspace: WorkspaceLayout, in folder: FilePath) throws -> FilePath {
    let place = folder.appending(self.folder)
    let process = ChildProcess(
      arguments: [
        "verify", "-C", workspace.root.string, "--folder", place.string, "--no-outputs", "--keep", "--quiet", "-j",
        "\(jobs)",
      ] + (isReversed ? ["--reverse-folders"] : []), environment: environment, umask: umask)
    let code = try process.run()
    // 1: a difference, which is looked into here.
    guard code == 0 || code == ExitCode.checkFailed.rawValue else {
      throw DistillError(
        ExitCode(rawValue: code) ?? .internalFault, "the rebuild under other circumstances ended with \(code)",
        place: text)
    }
    return VerifyCommand.rebuild(in: place)
  }
}
