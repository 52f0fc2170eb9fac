import JSONTape
import Receipts

/// Where lines stand in the inputs `<name>/<i>` of an action: i · 2⁴⁰ and the byte that the line starts at. So a place
/// stays as it is when another input grows.
struct LinePlaces {
  private let inputs: [ByteSlice]
  private var last = 0

  private static let inputBits = 40

  /// - Parameter count: of the numbers i, from 0 on; where there is no such input, there is nothing.
  init(_ context: ActionContext, _ name: String, count: Int) {
    inputs = (0..<count).map { context.optionalInput("\(name)/\($0)") ?? .empty }
    precondition(count < 1 << 20 && inputs.allSatisfy { $0.count < 1 << Self.inputBits }, "more than places can say")
  }

  /// nil: the line is a slice of none of the inputs.
  mutating func place(of line: ByteSlice) -> Int? {
    for distance in inputs.indices {
      let index = (last + distance) % inputs.count
      guard let offset = inputs[index].offset(of: line) else { continue }
      last = index
      return index << Self.inputBits | offset
    }
    return nil
  }

  /// The line that starts at a place; nil: none does.
  func line(at place: Int) -> ByteSlice? {
    let (index, offset) = (place >> Self.inputBits, place & ((1 << Self.inputBits) - 1))
    guard inputs.indices.contains(index), offset < inputs[index].count else { return nil }
    let end = inputs[index].firstIndex(of: UInt8(ascii: "\n"), from: offset) ?? inputs[index].count
    return inputs[index][offset..<end]
  }
}

extension ByteSlice {
  /// Where in these bytes a slice of them starts; nil: it is none.
  func offset(of slice: ByteSlice) -> Int? {
    guard let base = raw.baseAddress, let place = slice.raw.baseAddress else { return nil }
    let offset = base.distance(to: place)
    return offset >= 0 && offset + slice.count <= count ? offset : nil
  }
}
