import JSONTape
import SystemPackage

/// Decides, by content, whether a stage is up to date. Changes nothing on disk.
struct StageInspector {
  let build: Build

  /// - Parameter upstream: the newest receipts of the stages that it reads from; nil where one is about to run, so that the
  ///   inputs are not known yet.
  func inspect(
    _ stage: any Stage, upstream: [StageName: ReceiptCodec.Encoded]?
  ) throws -> StageInspection {
    var reasons: [StageReason] = []
    var newest: ReceiptCodec.Encoded?
    do {
      newest = try build.shelf.newest(stage.name)
      if newest == nil { reasons.append(.neverBuilt) }
    } catch let error as DistillError {
      reasons.append(.receiptUnreadable(error.message))
    }
    if try Publisher(build: build, stage: stage).wasInterrupted() { reasons.append(.interrupted) }
    if build.options.force { reasons.append(.forced) }
    let inPlace = try verifyOutputs(of: stage, newest, &reasons)

    guard let upstream else {
      // Without inputs there is no key: what can be said is whether the stage's own part of it changed.
      if let core = newest?.receipt.core {
        if core.tool.digest != build.environment.tool.digest {
          reasons.append(.toolChanged(old: core.tool.digest, new: build.environment.tool.digest))
        }
        differences(core.parameters, stage.parameters, at: "", &reasons)
      }
      let upstreamReasons = stage.upstream.map(StageReason.upstream)
      return StageInspection(
        inputs: [], key: Digest.of([UInt8]()), newest: newest, inPlace: inPlace,
        state: reasons.isEmpty ? .mayRun(upstreamReasons) : .willRun(reasons + upstreamReasons))
    }

    let derived = try derivedInput(of: stage, upstream)
    var inputs = try logs(of: stage) + upstreamInputs(of: stage, upstream)
    if let derived {
      inputs.append(
        StageInput(
          path: derived.path, digest: Digest.of(derived.bytes), byteCount: derived.bytes.count, producer: nil,
          fragments: []))
      inputs.sort { $0.path < $1.path }
    }
    let key = KeyManifest(
      function: stage.function,
      inputs: inputs.map { ActionInput(name: $0.path.string, digest: $0.digest, byteCount: $0.byteCount) },
      parameters: stage.parameters, tool: build.environment.tool.digest
    ).key
    if let newest, newest.receipt.core.key != key { explain(newest.receipt.core, stage, inputs, &reasons) }
    let state: StageState =
      if reasons.isEmpty, let newest { .upToDate(newest) } else { .willRun(reasons) }
    return StageInspection(inputs: inputs, derived: derived, key: key, newest: newest, inPlace: inPlace, state: state)
  }

  // MARK: Inputs

  private func logs(of stage: any Stage) throws -> [StageInput] {
    let paths = try stage.sourceFiles()
    guard !paths.isEmpty else { return [] }
    let progress = build.environment.progress
    let hashed: [HashedFile?]
    do {
      hashed = try build.index.digests(
        of: paths.map { ($0.string, build.layout.path($0)) }, jobs: build.options.jobs,
        // A log of lines that is being written to is read up to the size first seen.
        growing: { $0.hasSuffix(".jsonl") || $0.hasSuffix(".ndjson") },
        progress: {
          progress.planned(bytes: $0)
          progress.advanced(bytes: $0, records: 0)
        })
    } catch let error as FileSystemError {
      throw DistillError(
        .data, "can't read it: \(error.errno)", place: build.layout.relative(error.path),
        hint: "Make it readable, or take it out with `ignore` in distill.yaml.")
    }
    var inputs: [StageInput] = []
    inputs.reserveCapacity(paths.count)
    for (path, file) in zip(paths, hashed) {
      guard let file else {
        throw DistillError(
          .data, "the file disappeared while the build began", place: path.string, hint: "Start the build again.")
      }
      let byteCount = Int(file.size)
      build.catalog.add(
        file.digest,
        FileSlice(
          path: build.layout.path(path), name: path.string, offset: 0, byteCount: byteCount, status: file.status))
      inputs.append(
        StageInput(
          path: path, digest: file.digest, byteCount: byteCount, producer: nil,
          fragments: [Fragment(digest: file.digest, byteCount: byteCount, recordCount: 0)]))
    }
    return inputs
  }

  private func upstreamInputs(
    of stage: any Stage, _ receipts: [StageName: ReceiptCodec.Encoded]
  ) throws -> [StageInput] {
    var inputs: [StageInput] = []
    for name in stage.upstream {
      guard let core = receipts[name]?.receipt.core else {
        throw DistillError(.internalFault, "stage \(stage.name) was inspected before \(name)")
      }
      let table = try FragmentTable.load(stageKey: core.key, from: build.cache)
      for output in core.outputs where stage.reads(output.path) {
        let whole = Fragment(
          digest: output.digest, byteCount: output.byteCount, recordCount: output.recordCount)
        var fragments = table?.fragments[output.path] ?? [whole]
        if fragments.reduce(0, { $0 + $1.byteCount }) != output.byteCount { fragments = [whole] }
        try locate(fragments, in: output)
        inputs.append(
          StageInput(
            path: output.path, digest: output.digest, byteCount: output.byteCount, producer: name,
            fragments: fragments))
      }
    }
    return inputs
  }

  private func derivedInput(
    of stage: any Stage, _ receipts: [StageName: ReceiptCodec.Encoded]
  ) throws -> (path: RelativePath, bytes: [UInt8])? {
    guard let input = stage.derivedInput,
      stage.upstream.contains(where: { name in
        receipts[name]?.receipt.core.outputs.contains { $0.path == input.source } ?? false
      })
    else { return nil }
    if let known = build.derived.withLock({ $0[input.path] }) { return (input.path, known) }
    guard let source = try build.fileSystem.contents(of: build.layout.path(input.source)) else { return nil }
    let bytes = try input.derive(source)
    build.derived.withLock { $0[input.path] = bytes }
    return (input.path, bytes)
  }

  /// A fragment's bytes are read from the published file, which was just found to be as its receipt says.
  private func locate(_ fragments: [Fragment], in output: Receipt.File) throws {
    let path = build.layout.path(output.path)
    guard let status = try build.fileSystem.status(of: path, followingLinks: true) else { return }
    build.catalog.add(
      output.digest,
      FileSlice(
        path: path, name: output.path.string, offset: 0, byteCount: output.byteCount, status: status))
    var offset = 0
    for fragment in fragments {
      build.catalog.add(
        fragment.digest,
        FileSlice(
          path: path, name: output.path.string, offset: Int64(offset), byteCount: fragment.byteCount, status: status))
      offset += fragment.byteCount
    }
  }

  // MARK: Outputs

  private func verifyOutputs(
    of stage: any Stage, _ newest: ReceiptCodec.Encoded?, _ reasons: inout [StageReason]
  ) throws -> [RelativePath: Digest] {
    guard let newest else { return [:] }
    // A link, a folder or a device in the place of an output is not as the receipt says, whatever it leads to.
    let outputs = try newest.receipt.core.outputs.filter { output in
      let status = try build.fileSystem.status(of: build.layout.path(output.path), followingLinks: false)
      let isFile = status == nil || status?.kind == .regular
      if !isFile { reasons.append(.outputChanged(output.path)) }
      return isFile
    }
    let found = try build.index.digests(
      of: outputs.map { ($0.path.string, build.layout.path($0.path)) }, jobs: build.options.jobs, progress: { _ in })
    var inPlace: [RelativePath: Digest] = [:]
    for (output, file) in zip(outputs, found) {
      switch file {
      case nil: reasons.append(.outputMissing(output.path))
      case let file? where file.digest != output.digest: reasons.append(.outputChanged(output.path))
      default: inPlace[output.path] = output.digest
      }
    }
    for path in [build.layout.inputDigests(stage.name), build.layout.outputDigests(stage.name)]
    where try build.fileSystem.status(of: path, followingLinks: true) == nil {
      reasons.append(.checksumsMissing)
      break
    }
    return inPlace
  }

  // MARK: Explaining

  private func explain(
    _ core: Receipt.Core, _ stage: any Stage, _ inputs: [StageInput], _ reasons: inout [StageReason]
  ) {
    let count = reasons.count
    if core.tool.digest != build.environment.tool.digest {
      reasons.append(.toolChanged(old: core.tool.digest, new: build.environment.tool.digest))
    }
    differences(core.parameters, stage.parameters, at: "", &reasons)
    let old = Dictionary(core.inputs.map { ($0.path, $0.digest) }, uniquingKeysWith: { first, _ in first })
    let now = Set(inputs.map(\.path))
    for input in inputs {
      switch old[input.path] {
      case nil: reasons.append(.inputAdded(input.path))
      case let digest? where digest != input.digest:
        reasons.append(.inputChanged(input.path, old: digest, new: input.digest))
      default: break
      }
    }
    for file in core.inputs where !now.contains(file.path) { reasons.append(.inputRemoved(file.path)) }
    if reasons.count == count { reasons.append(.keyChanged) }
  }

  /// Names each leaf at which two trees differ, as a JSON Pointer.
  private func differences(_ old: JSON, _ new: JSON, at path: String, _ reasons: inout [StageReason]) {
    if old == new { return }
    switch (old, new) {
    case (.object(let before), .object(let after)):
      for (key, value) in before { differences(value, after[key] ?? .null, at: "\(path)/\(key)", &reasons) }
      for (key, value) in after where before[key] == nil { differences(.null, value, at: "\(path)/\(key)", &reasons) }
    case (.array(let before), .array(let after)) where before.count == after.count:
      for (index, pair) in zip(before, after).enumerated() {
        differences(pair.0, pair.1, at: "\(path)/\(index)", &reasons)
      }
    default:
      guard old.canonical != new.canonical else { return }
      reasons.append(
        .parametersChanged(path: path.isEmpty ? "/" : path, old: old.canonicalString, new: new.canonicalString))
    }
  }
}
