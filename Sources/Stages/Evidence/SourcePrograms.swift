import Receipts

extension Source {
  /// Compiles every jq program of the source, so that a mistake is told with its place before any log is read.
  public func checkPrograms() throws(DistillError) {
    for part in parts {
      for program in part.programs {
        do {
          try JQProgram.refuseHomeDefinitions()
          try JQProgram.check(program)
        } catch {
          throw DistillError(error.code, error.message, place: place, hint: error.hint ?? "The program: \(program)")
        }
      }
    }
  }
}

extension EvidenceMap {
  /// Checks the jq programs of an action that is not run by a build.
  /// - Parameter manifest: of an action of any function.
  public static func checkPrograms(of manifest: KeyManifest) throws(DistillError) {
    guard manifest.function == function.name, let slice = manifest.parameters["source"] else { return }
    try Source(slice: slice).checkPrograms()
  }
}
