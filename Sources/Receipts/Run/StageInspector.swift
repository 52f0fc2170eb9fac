import JSONTape
import SystemPackage

/// Decides, by content, whether a stage is up to date. Changes nothing on disk.
struct StageInspector {
  let build: Build

  /// - Parameter upstream: the newest receipts of the stages that it reads from; nil where one is about to run, so that
  ///   the inputs are not known yet.
  func inspect(
    _ stage: any Stage, upstream: [StageName: ReceiptHead]?
  ) throws -> StageInspection {
    var reasons: [StageReason] = []
    var found: ReceiptHeads.Found?
    do {
      found = try ReceiptHeads(build: build).newest(stage.name)
      if found == nil { reasons.append(.neverBuilt) }
    } catch let error as DistillError {
      reasons.append(.receiptUnreadable(error.message))
    }
    let newest = found?.head
    if try Publisher(build: build, stage: stage).wasInterrupted() { reasons.append(.interrupted) }
    if build.options.force { reasons.append(.forced) }
    let inPlace = try verifyOutputs(of: stage, newest, &reasons)

    guard let upstream else {
      // Without inputs there is no key: what can be said is whether the stage's own part of it changed.
      if newest != nil, let core = try build.shelf.newest(stage.name)?.receipt.core {
        let old = manifest(of: stage, core)
        var new = old
        new.parameters = stage.parameters
        new.tool = try build.environment.tool.digest
        reasons += ManifestDifference.reasons(from: old, to: new)
      }
      let upstreamReasons = stage.upstream.map(StageReason.upstream)
      return StageInspection(
        inputs: [], key: Digest.ofNothing, found: found, inPlace: inPlace,
        state: reasons.isEmpty ? .mayRun(upstreamReasons) : .willRun(reasons + upstreamReasons))
    }

    let derived = try derivedInput(of: stage, upstream)
    var inputs = try logs(of: stage)
    inputs += try upstreamInputs(of: stage, upstream)
    if let derived {
      inputs.append(
        StageInput(
          path: derived.path, digest: Digest.of(derived.bytes), byteCount: derived.bytes.count, producer: nil,
          fragments: []))
      inputs.sort { $0.path < $1.path }
    }
    let manifest = try KeyManifest(
      function: stage.function,
      inputs: inputs.map { ActionInput(name: $0.path.string, digest: $0.digest, byteCount: $0.byteCount) },
      parameters: stage.parameters, tool: build.environment.tool.digest)
    let key = manifest.key
    if let newest, newest.key != key, let core = try build.shelf.newest(stage.name)?.receipt.core {
      let old = self.manifest(of: stage, core)
      reasons += ManifestDifference.reasons(from: old, to: manifest)
      if old.key != core.key { reasons.append(.functionChanged(to: stage.function)) }
    }
    let state: StageState =
      if reasons.isEmpty, let newest { .upToDate(newest) } else { .willRun(reasons) }
    return StageInspection(
      inputs: inputs, derived: derived, key: key, manifest: manifest, found: found, inPlace: inPlace, state: state)
  }

  /// The manifest of a receipt, if the stage worked then as it does now.
  private func manifest(of stage: any Stage, _ core: Receipt.Core) -> KeyManifest {
    KeyManifest(
      function: stage.function,
      inputs: core.inputs.map { ActionInput(name: $0.path.string, digest: $0.digest, byteCount: $0.byteCount) },
      parameters: core.parameters, tool: core.tool.digest)
  }

  // MARK: Inputs

  private func logs(of stage: any Stage) throws -> [StageInput] {
    let paths = try stage.sourceFiles()
    guard !paths.isEmpty else { return [] }
    let progress = build.environment.progress
    let hashed: [HashedFile?]
    do {
      hashed = try build.index.digests(
        of: paths, below: build.layout.root, jobs: build.options.jobs,
        // A log of lines that is being written to is read up to the size first seen.
        growing: { $0.hasSuffix(".jsonl") || $0.hasSuffix(".ndjson") },
        progress: {
          progress.planned(bytes: $0)
          progress.advanced(bytes: $0)
        },
        companion: { number, size in
          size > build.options.chunkSize && stage.isCutByLines(paths[number]) ? lineCuts(Int(size)) : nil
        })
    } catch let error as FileSystemError {
      throw UnreadableLog.error(error, path: build.layout.relative(error.path))
    }
    var inputs: [StageInput] = []
    inputs.reserveCapacity(paths.count)
    for (path, file) in zip(paths, hashed) {
      guard let file else {
        throw DistillError(
          .data, "the file disappeared while the build began", place: path.string, hint: "Start the build again.")
      }
      inputs.append(
        StageInput(
          path: path, digest: file.digest, byteCount: Int(file.size), producer: nil, fragments: [],
          status: file.status))
    }
    return inputs
  }

  private func lineCuts(_ count: Int) -> LineCutHashing {
    LineCutHashing(size: build.options.chunkSize, count: count) { digest, pieces in
      build.lineCuts.withLock { $0[digest] = LogCut(pieces: pieces) }
    }
  }

  private func upstreamInputs(
    of stage: any Stage, _ receipts: [StageName: ReceiptHead]
  ) throws -> [StageInput] {
    var inputs: [StageInput] = []
    for name in stage.upstream {
      guard let newest = receipts[name] else {
        throw DistillError(.internalFault, "stage \(stage.name) was inspected before \(name)")
      }
      for output in newest.outputs where stage.reads(output.path) {
        let whole = Fragment(
          digest: output.digest, byteCount: output.byteCount, recordCount: output.recordCount)
        inputs.append(
          StageInput(
            path: output.path, digest: output.digest, byteCount: output.byteCount, producer: name,
            fragments: [whole]))
      }
    }
    return inputs
  }

  private func derivedInput(
    of stage: any Stage, _ receipts: [StageName: ReceiptHead]
  ) throws -> (path: RelativePath, bytes: [UInt8])? {
    guard let input = stage.derivedInput,
      stage.upstream.contains(where: { name in
        receipts[name]?.outputs.contains { $0.path == input.source } ?? false
      })
    else { return nil }
    if let known = build.derived.withLock({ $0[input.path] }) { return (input.path, known) }
    try build.publications.wait(for: stage.upstream)
    guard let source = try build.fileSystem.contents(of: build.layout.path(input.source)) else { return nil }
    let bytes = try input.derive(source)
    build.derived.withLock { $0[input.path] = bytes }
    return (input.path, bytes)
  }

  // MARK: For the run

  /// The inputs with their fragments, and in the build's catalog where the bytes of each are. Done only for a stage
  /// that runs.
  func locate(
    _ inputs: [StageInput], upstream: [StageName: ReceiptHead]
  ) throws -> [StageInput] {
    var tables: [StageName: FragmentTable] = [:]
    for name in Set(inputs.compactMap(\.producer)) {
      if let key = upstream[name]?.key { tables[name] = try build.fragmentTable(of: key) }
    }
    let places = Places(
      tables: tables, staged: build.publications.staged, statuses: build.publications.statuses)
    return try parallelMap(inputs, inRunsOf: FileIndex.looksAtOnce, jobs: build.options.jobs) { [places] part in
      try locate(part, places)
    }.flatMap { $0 }
  }

  /// What this build knows of the outputs of its stages.
  private struct Places: Sendable {
    var tables: [StageName: FragmentTable]
    var staged: [RelativePath: StagedOutput]
    var statuses: [RelativePath: PublishedStatus]
  }

  private func locate(_ inputs: ArraySlice<StageInput>, _ places: Places) throws -> [StageInput] {
    // What another stage of this build reads, too, has been looked at. What this build did not publish was just found
    // to be as its receipt says, and is looked at anew: somebody may have changed it since.
    let isKnown = inputs.map { $0.producer != nil && isLocated($0) }
    let older = zip(inputs, isKnown).filter {
      $0.producer != nil && !$1 && places.statuses[$0.path] == nil
    }.map(\.0.path)
    let statuses = try build.fileSystem.statuses(of: older[...], below: build.layout.root)
    let digests = build.index.known(statuses) { older[$0].string }
    var found = zip(statuses, digests).makeIterator()
    var slices: [(Digest, FileSlice)] = []
    let located = zip(inputs, isKnown).map { input, isKnown in
      var input = input
      guard let producer = input.producer else {
        input.fragments = [Fragment(digest: input.digest, byteCount: input.byteCount, recordCount: 0)]
        if let status = input.status { slices += self.slices(of: input, .unchanged(status)) }
        return input
      }
      if let fragments = places.tables[producer]?.fragments[input.path],
        fragments.reduce(0, { $0 + $1.byteCount }) == input.byteCount
      {
        input.fragments = fragments
      }
      if isKnown { return input }
      if let status = places.statuses[input.path] {
        slices += self.slices(of: input, .published(status), staged: places.staged[input.path]?.temporary)
      } else if case (let status?, let digest)? = found.next() {
        slices += self.slices(of: input, digest == input.digest ? .unchanged(status) : .none)
      }
      return input
    }
    build.catalog.add(slices)
    return located
  }

  private func isLocated(_ input: StageInput) -> Bool {
    guard let slice = build.catalog.slice(input.digest), !slice.isCopy else { return false }
    return slice.name == input.path.string && slice.byteCount == input.byteCount
  }

  /// Of the whole input and of its fragments.
  private func slices(
    of input: StageInput, _ trust: FileSlice.Trust, staged: FilePath? = nil
  ) -> [(Digest, FileSlice)] {
    let whole = FileSlice(
      path: build.layout.path(input.path), staged: staged, name: input.path.string, offset: 0,
      byteCount: input.byteCount, trust: trust, isPublished: input.producer != nil)
    var slices = [(input.digest, whole)]
    var slice = whole
    for fragment in input.fragments {
      slice.byteCount = fragment.byteCount
      // One that is all of the input has its digest, mostly.
      if fragment.digest != input.digest { slices.append((fragment.digest, slice)) }
      slice.offset += Int64(fragment.byteCount)
    }
    return slices
  }

  // MARK: Outputs

  private func verifyOutputs(
    of stage: any Stage, _ newest: ReceiptHead?, _ reasons: inout [StageReason]
  ) throws -> [RelativePath: Digest] {
    guard let newest else { return [:] }
    // A link, a folder or a device in the place of an output is not as the receipt says, whatever it leads to.
    let outputs = try newest.outputs.filter { output in
      let status = try build.fileSystem.status(of: build.layout.path(output.path), followingLinks: false)
      let isFile = status == nil || status?.kind == .regular
      if !isFile { reasons.append(.outputChanged(output.path)) }
      return isFile
    }
    let found = try build.index.digests(
      of: outputs.map(\.path), below: build.layout.root, jobs: build.options.jobs)
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
}
