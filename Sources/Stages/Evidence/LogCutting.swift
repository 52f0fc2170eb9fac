import JSONTape
import Receipts

extension Source {
  /// How a log of the source may be cut; nil: its unit is the file, it is compressed, or records see more of it than
  /// what stands around them.
  func cutRule(for path: RelativePath) -> CutRule? {
    let format = format(of: path)
    guard Compression(of: path) == .none else { return nil }
    switch (format, unit(in: format)) {
    case (.jsonl, .line): return .lines(longest: maxRecordBytes)
    case (.json, .element): return elementPath.map { .elements(path: $0) }
    default: return nil
    }
  }

  /// Is a log cut by what it holds? A small compressed one is mapped at once, as far as its size tells that it is
  /// small: text shrinks to a tenth or so.
  func isUnpacked(_ log: LogFile, _ input: StageInput, chunkSize: Int) -> Bool {
    let format = format(of: log.path)
    return Compression(of: log.path) != .none && format == .jsonl && unit(in: format) == .line
      && input.byteCount > chunkSize / 16
  }

  func packed(_ input: StageInput) -> PackedLog {
    let compression = Compression(of: input.path)
    return PackedLog(input, format: compression.rawValue, longest: maxRecordBytes) { bytes in
      guard let decompressor = try compression.decompressor(bytes) else {
        throw DistillError(.internalFault, "\(input.path) is not compressed")
      }
      return decompressor
    }
  }

  /// The steps to the array of records, where `records` has its one `*` at the end and no pointer from the document's
  /// root leads into the array or around it.
  private var elementPath: [ElementStep]? {
    guard records.tokens.last == .every else { return nil }
    let way = records.tokens.dropLast()
    var path: [ElementStep] = []
    for token in way {
      guard case .key(let name, let index) = token else { return nil }
      path.append(ElementStep(name: name, index: index))
    }
    let fromRoot = parts.flatMap { $0.fieldReferences + $0.ruleReferences + $0.never }.filter { $0.base == .root }
    let crosses = fromRoot.contains { reference in
      zip(reference.pointer.tokens, way).allSatisfy { $0 == $1 || $0 == .every }
    }
    return crosses ? nil : path
  }
}
