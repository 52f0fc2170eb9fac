import Receipts

extension Source {
  /// Compiles every jq program of the source, so that a mistake is told with its place before any log is read.
  public func checkPrograms() throws(DistillError) {
    for part in parts {
      let fields = part.map.fields.values.compactMap(\.program).sorted()
      for program in [part.jq].compactMap(\.self) + fields {
        do {
          try JQProgram.check(program)
        } catch {
          throw DistillError(error.code, error.message, place: place, hint: error.hint ?? "The program: \(program)")
        }
      }
    }
  }
}

extension FieldExpression {
  /// nil: it is no jq program.
  fileprivate var program: String? {
    if case .jq(let program) = self { program } else { nil }
  }
}
