import JSONTape

/// How a stage's run ended.
enum StageEnding {
  /// Published. `isUnchanged`: the core equals the newest receipt's, which stays as it is.
  case published(ReceiptCodec.Encoded, isUnchanged: Bool, warnings: [String])
  /// A check failed: nothing was published, `failed.json` says why.
  case failed(ReceiptCodec.Encoded)
}

/// The only way a stage runs: it makes the permission (`StageRun`) that `body` needs, and turns what comes back into
/// published outputs with a receipt, or into `failed.json`.
///
/// - Parameters:
///   - inputs: the files that the stage reads, with their digests, in the order of the manifest.
///   - key: of the stage's manifest over them.
///   - inPlace: published outputs that are known to be as the newest receipt says.
func withReceipt(
  _ stage: any Stage, in build: Build, inputs: [StageInput], key: Digest,
  inPlace: [RelativePath: Digest], _ body: (borrowing StageRun) throws -> StageOutcome
) throws -> StageEnding {
  let clock = build.environment.clock
  let started = clock.now()
  let startedMonotonic = clock.monotonicNanoseconds()
  let git = build.git
  let publisher = Publisher(build: build, stage: stage)
  let previous = try newestIfSound(stage.name, in: build)

  func encode(_ core: Receipt.Core, _ actions: ActionTally) throws -> ReceiptCodec.Encoded {
    let nanoseconds = clock.monotonicNanoseconds() - startedMonotonic
    return ReceiptCodec.encode(
      Receipt(
        stage: stage.name, core: core, git: try git.get(),
        run: Receipt.Run(
          startedAt: started, finishedAt: clock.now(), durationMilliseconds: Int64(nanoseconds / 1_000_000),
          actions: actions, host: build.environment.host, jobs: build.options.jobs),
        previous: previous?.digest))
  }

  func core(_ outcome: StageOutcome, _ outputs: [Receipt.File], _ checks: [Receipt.Check]) throws -> Receipt.Core {
    Receipt.Core(
      tool: try build.environment.tool, parameters: stage.parameters,
      inputs: inputs.map { input in
        let records =
          input.producer == nil
          ? outcome.inputRecords[input.path] ?? 0 : input.fragments.reduce(0) { $0 + $1.recordCount }
        return Receipt.File(
          path: input.path, digest: input.digest, byteCount: input.byteCount, recordCount: records)
      },
      outputs: outputs, recordCounts: outcome.recordCounts, summary: outcome.summary, validation: checks, key: key)
  }

  // An object of the cache may turn out to be gone or damaged; it is then made again, once the cache has noticed.
  _ = build.cache.takeUsed()
  let staging = StagingFolder(build: build, stage: stage.name)
  let wasInterrupted = try publisher.wasInterrupted()
  var attempt = 0
  while true {
    // What nobody vouches for is tried once.
    if attempt > 1 { try staging.empty() }
    let (folder, left) = try staging.begin()
    let barrier = try build.fileSystem.barrier(at: folder)
    var published: [Digest] = []
    if let previous {
      published += try build.locateFragments(
        stageKey: previous.receipt.core.key, inPlace: inPlace, others: attempt == 0)
    }
    // Of an interrupted publication some outputs may be in their places, and no receipt says so.
    if wasInterrupted, attempt == 0 {
      published += try build.locateFragments(stageKey: key, inPlace: [:], others: true)
    }
    let spool = OutputSpool(build: build, folder: folder)
    defer {
      spool.end()
      build.catalog.remove(left + published)
    }
    let run = try StageRun(
      inputs: inputs, build: build, spool: spool, ignoringCache: build.options.force || attempt > 2)
    do {
      let outcome = try body(run)
      let planned = outcome.outputs.sorted { $0.path < $1.path }
      let outputs = try spool.finish(planned, inPlace: inPlace)
      let newCore = try core(outcome, outputs.staged.map(\.file), outcome.checks)
      guard newCore.validationPass else {
        let failure = try encode(newCore, run.actions)
        try staging.empty()
        try build.fileSystem.replace(
          build.layout.failed(stage.name), with: failure.bytes, through: build.layout.temporary)
        return .failed(failure)
      }
      let isUnchanged = previous.map { $0.coreBytes == ReceiptCodec.bytes(of: newCore) } ?? false
      let receipt = isUnchanged ? previous! : try encode(newCore, run.actions)
      try build.saveFragments(planned, stageKey: key)
      try build.publications.begin(stage.name, upstream: stage.upstream, outputs.staged) {
        let began = clock.monotonicNanoseconds()
        do {
          try outputs.synchronize(build, barrier)
          let status = try publisher.publish(
            outputs.staged, receipt: receipt, previous: previous, barrier: barrier)
          try staging.empty()
          if let status { try build.remember(receipt, status) }
        } catch let error as FileSystemError where error.errno == .noSpace {
          // What was finished would be in the way of whoever makes room.
          _ = try? staging.empty()
          throw error
        }
        build.environment.trace?.add(
          BuildTrace.Event(
            name: "publish", category: "publish", thread: BuildTrace.publisher, start: began,
            end: clock.monotonicNanoseconds(),
            facts: [
              "bytes": .integer(
                outputs.staged.reduce(0) { $0 + ($1.temporary == nil ? 0 : Int64($1.file.byteCount)) })
            ]))
      }
      return .published(receipt, isUnchanged: isUnchanged, warnings: outcome.warnings)
    } catch is MissingObject where attempt < 4 {
      attempt += 1
    } catch let error as InputMoved {
      let outcome = StageOutcome(
        outputs: [], recordCounts: .object([:]), summary: .object([:]),
        checks: [
          Receipt.Check(
            "inputs-unchanged", pass: false, facts: ["\(error.name) changed while it was being read"])
        ])
      let failure = try encode(core(outcome, [], outcome.checks), run.actions)
      try staging.empty()
      try build.fileSystem.replace(
        build.layout.failed(stage.name), with: failure.bytes, through: build.layout.temporary)
      return .failed(failure)
    } catch let error as FileSystemError where error.errno == .noSpace {
      // What was finished would be in the way of whoever makes room.
      _ = try? staging.empty()
      throw error
    }
  }
}

/// The newest receipt; one that is damaged counts as none. What the disk refuses to give may be sound.
private func newestIfSound(_ stage: StageName, in build: Build) throws -> ReceiptCodec.Encoded? {
  do {
    return try build.shelf.newest(stage)
  } catch is DistillError {
    return nil
  }
}
