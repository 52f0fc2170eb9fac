import JSONTape
import Receipts

extension Configuration {
  /// What judgements are about, as far as the configuration says it outright: a source that does not exist, or has no
  /// such records, would leave every judgement without its run, and nobody would hear what people said.
  func checkJudgedSources() throws(DistillError) {
    for source in sources {
      for part in source.parts where part.kind == .verdict { try check(part, of: source) }
    }
  }

  private func check(_ part: Part, of source: Source) throws(DistillError) {
    /// nil: it depends on the record.
    func said(_ key: String, else standard: String) -> String? {
      guard let entry = part.map.about.first(where: { $0.key == key }) else { return standard }
      if case .constant(.string(let word)) = entry.expression { return word }
      return nil
    }
    guard let name = said("source", else: source.name), let kind = said("kind", else: RecordKind.run.rawValue) else {
      return
    }
    guard let judged = sources.first(where: { $0.name == name }) else {
      throw DistillError(
        .data, "judgements of source \"\(source.name)\" are about source \"\(name)\", which does not exist",
        place: source.place, hint: NearestWord.hint(for: name, among: sources.map(\.name), title: "sources are"))
    }
    guard !judged.parts.contains(where: { $0.kind.rawValue == kind }) else { return }
    let others = sources.filter { $0.parts.contains { $0.kind.rawValue == kind } }.map(\.name)
    throw DistillError(
      .data,
      "judgements of source \"\(source.name)\" are about records of kind `\(kind)` of source \"\(name)\", which has none",
      place: source.place,
      hint: others.isEmpty
        ? "No source has some."
        : "Write about: {source: \(others[0]), …}; such records have: \(others.joined(separator: ", ")).")
  }
}
