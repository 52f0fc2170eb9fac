import JSONTape
import Synchronization

/// Numbers for the few names that many rows have. Shared by all threads; a name keeps its number.
final class NameTable: Sendable {
  private let names = Mutex<[String]>([])

  func number(of name: ByteSlice) -> Int32 {
    names.withLock { names in
      if let known = names.firstIndex(where: { name == $0 }) { return Int32(known) }
      names.append(name.string())
      return Int32(names.count - 1)
    }
  }

  /// The name with a number that this table gave.
  subscript(number: Int32) -> String { names.withLock { $0[Int(number)] } }
}
