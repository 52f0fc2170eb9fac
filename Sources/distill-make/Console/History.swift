import JSONTape
import Receipts
import Stages
import SystemPackage

/// The receipts of a workspace's builds.
struct History {
  let layout: WorkspaceLayout
  private let shelf: ReceiptShelf
  private let fileSystem = LocalFileSystem()

  init(_ layout: WorkspaceLayout) {
    self.layout = layout
    shelf = ReceiptShelf(fileSystem: fileSystem, layout: layout)
  }

  /// The builds of a stage, newest first, as far as the history goes.
  /// - Returns: also the receipt before the last one, where that is not at hand.
  func builds(_ stage: StageName) throws -> (builds: [ReceiptCodec.Encoded], missing: Digest?) {
    var builds: [ReceiptCodec.Encoded] = []
    var next = try shelf.newest(stage)
    while let build = next {
      builds.append(build)
      guard let previous = build.receipt.previous else { return (builds, nil) }
      next = try shelf.history(previous)
      // A file under another receipt's name would lead astray.
      guard next?.digest == previous else { return (builds, previous) }
    }
    return (builds, nil)
  }

  /// - Parameter name: a stage (its newest receipt), `STAGE~N` (N builds before), the first digits of `receipt_sha256`,
  ///   or a file.
  func receipt(_ name: String) throws -> ReceiptCodec.Encoded {
    let parts = name.split(separator: "~", omittingEmptySubsequences: false)
    if let stage = Pipeline.stages.first(where: { $0.text == parts[0] }) {
      let back = parts.count == 1 ? 0 : Int(parts[1]) ?? -1
      let builds = try builds(stage).builds
      guard parts.count <= 2, builds.indices.contains(back) else {
        throw DistillError(
          .data, "there is no such build: the history of \(stage) has \(builds.count)", place: name,
          hint: "`distill-make log \(stage)` lists them.")
      }
      return builds[back]
    }
    let isHex = name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    if isHex, (4...64).contains(name.utf8.count) { return try entry(name) }
    guard let bytes = try? GivenPath.read(name) else {
      throw DistillError(
        .usage, "\"\(name)\" is no stage, no digest of a receipt and no file",
        hint: "As in `distill-make diff score~1 score`.")
    }
    return try ReceiptCodec.decode(bytes, place: name)
  }

  private func entry(_ digits: String) throws -> ReceiptCodec.Encoded {
    let names = try fileSystem.entries(of: layout.history).map(\.name).filter { $0.hasPrefix(digits) }
    guard names.count == 1, let digest = Digest(hex: String(names[0].dropLast(5))),
      let receipt = try shelf.history(digest)
    else {
      throw DistillError(
        .data, names.isEmpty ? "no receipt in the history begins so" : "\(names.count) receipts begin so", place: digits
      )
    }
    return receipt
  }
}
