import Glibc
import Receipts

/// The end of a command whose words have been said.
struct Ending: Error {
  var code: Int32

  init(_ code: ExitCode) { self.code = code.rawValue }

  func leave() -> Never {
    exit(code)
  }
}
