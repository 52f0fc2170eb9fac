import Receipts

extension Source {
  /// Compiles every jq program of the source, so that a mistake is told with its place before any log is read.
  public func checkPrograms() throws(DistillError) {
    for part in parts {
      for program in part.programs {
        do {
          try JQProgram.check(program)
        } catch {
          throw DistillError(error.code, error.message, place: place, hint: error.hint ?? "The program: \(program)")
        }
      }
    }
  }
}
