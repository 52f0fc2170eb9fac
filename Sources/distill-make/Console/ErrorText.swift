import Receipts
import SystemPackage

/// Errors in words for the person who reads them.
enum ErrorText {
  static func print(_ error: DistillError) { Terminal.say("distill-make: \(error)") }

  /// - Parameter root: paths below it are shown as workspace paths.
  static func describe(_ error: any Error, root: WorkspaceLayout?) -> DistillError {
    switch error {
    case let error as DistillError: return error
    case let error as FileSystemError:
      let place = root?.relative(error.path) ?? error.path
      let what = "can't \(error.operation): \(error.errno)"
      return DistillError(error.exitCode, what, place: place, hint: hint(error))
    default: return DistillError(.internalFault, "\(error)", hint: "This is a fault of distill-make: please report it.")
    }
  }

  private static func hint(_ error: FileSystemError) -> String? {
    switch error.errno {
    case .noSpace, Errno(rawValue: 122):
      "Free some space and run the same command again: it repairs what was left half done. No receipt.json lists what is not there."
    case .permissionDenied, .notPermitted, .readOnlyFileSystem:
      error.exitCode == .cannotWrite ? "Make the workspace writable for this user." : "Make it readable for this user."
    case .isDirectory, .directoryNotEmpty, .fileExists:
      "A folder stands where the program writes a file: move it away."
    case .illegalByteSequence: "Its name is not UTF-8: rename it, or take it out with `ignore` in distill.yaml."
    case .improperLink:
      "`.distill` must be on the same file system as the outputs, because they are moved into place."
    default: nil
    }
  }
}
