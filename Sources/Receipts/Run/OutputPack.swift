import JSONTape

/// The outputs of an action that are no fragments, one behind the other in one object: some actions have hundreds of
/// small ones, and to make a file takes longer than to write it.
struct OutputPack {
  /// Of the object.
  let digest: Digest
  /// The outputs in it, by their numbers in the action's result, in their order.
  let outputs: [Int]

  init(digest: Digest, outputs: [Int]) {
    self.digest = digest
    self.outputs = outputs
  }

  /// `["sha256",number,…]`, the member `pack` of the action's record.
  var json: JSON { .array([.string(digest.hex)] + outputs.map { .integer(Int64($0)) }) }

  /// nil: the action has none.
  init?(record: JSON) {
    guard let cells = record["pack"]?.array, let digest = cells.first?.string.flatMap(Digest.init(hex:)) else {
      return nil
    }
    self.digest = digest
    outputs = cells.dropFirst().compactMap { $0.integer.map { Int($0) } }
  }

  /// Where each output of `result` is in the object; nil: the object has another size, or there is no such output.
  func places(in result: ActionResult, objectSize: Int64) -> [(output: ActionOutput, offset: Int64)]? {
    var places: [(output: ActionOutput, offset: Int64)] = []
    places.reserveCapacity(outputs.count)
    var offset: Int64 = 0
    for number in outputs {
      guard result.outputs.indices.contains(number) else { return nil }
      let output = result.outputs[number]
      places.append((output, offset))
      let (end, isTooMuch) = offset.addingReportingOverflow(Int64(output.byteCount))
      guard output.byteCount > 0, !isTooMuch, end <= objectSize else { return nil }
      offset = end
    }
    return offset == objectSize ? places : nil
  }
}
