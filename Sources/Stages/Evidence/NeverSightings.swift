import JSONTape
import Receipts

/// Which pointers of `never` were met in any record: one that never is may be mistyped, and protect nothing.
struct NeverSightings {
  private var paths: [[(pointer: CompiledPointer, isFound: Bool)]]

  init(_ parts: [Part]) { paths = parts.map { $0.never.map { (CompiledPointer($0), false) } } }

  /// Looks only for what was not met before.
  mutating func look(at record: JSONValue, root: JSONValue, part: Int) {
    for index in paths[part].indices where !paths[part][index].isFound {
      let pointer = paths[part][index].pointer
      paths[part][index].isFound = pointer.leadsSomewhere(from: pointer.isFromRoot ? root : record)
    }
  }

  /// By part, 1 for each that was met; nil: there is no `never`.
  var json: JSON? {
    paths.allSatisfy(\.isEmpty) ? nil : .array(paths.map { .array($0.map { .integer($0.isFound ? 1 : 0) }) })
  }
}
