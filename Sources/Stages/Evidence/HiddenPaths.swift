import JSONTape

/// Which pointers of `never` lead into a value, and how far they have come.
///
/// Walked beside a value: `member` and `element` say whether a child may be seen.
struct HiddenPaths {
  enum Child {
    case hidden
    /// It may be seen but for what its own paths hide.
    case open(HiddenPaths)
  }

  static var none: HiddenPaths { HiddenPaths(cursors: []) }

  private struct Cursor {
    var path: CompiledPointer
    /// Steps that are taken.
    var step: Int
  }

  private var cursors: [Cursor]

  /// - Parameter references: into a record, none of them to the record itself.
  init(_ references: [PointerReference]) {
    cursors = references.map { Cursor(path: CompiledPointer($0), step: 0) }
  }

  private init(cursors: [Cursor]) { self.cursors = cursors }

  /// Nothing of the value is hidden.
  var isEmpty: Bool { cursors.isEmpty }

  func member(_ key: ByteSlice) -> Child { child { $0.path.leads($0.step, to: key) } }

  func element(_ index: Int) -> Child { child { $0.path.leads($0.step, toElement: index) } }

  private func child(_ leads: (Cursor) -> Bool) -> Child {
    var rest: [Cursor] = []
    for cursor in cursors where leads(cursor) {
      if cursor.step + 1 == cursor.path.count { return .hidden }
      rest.append(Cursor(path: cursor.path, step: cursor.step + 1))
    }
    return .open(HiddenPaths(cursors: rest))
  }
}
