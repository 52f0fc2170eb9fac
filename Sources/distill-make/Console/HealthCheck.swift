import Glibc
import JSONTape
import Receipts
import Stages
import SystemPackage

/// One thing that was looked at.
struct HealthFinding {
  enum State: String {
    case good, warning, broken

    var mark: String {
      switch self {
      case .good: "ok  "
      case .warning: "warn"
      case .broken: "FAIL"
      }
    }
  }
  var check: String
  var state: State
  var facts: String
  var hint: String?
}

/// Looks at everything that a build needs. Changes nothing.
struct HealthCheck {
  let layout: WorkspaceLayout
  private let fileSystem = LocalFileSystem()
  /// Below this much free space a build may not find room for its outputs beside the old ones.
  private static let scarceSpace: Int64 = 1 << 30

  func findings() -> [HealthFinding] {
    var findings: [HealthFinding] = []
    do {
      let configuration = try Workspace.configuration(layout, fileSystem)
      let noun = configuration.sources.count == 1 ? "source" : "sources"
      findings.append(good("configuration", "distill.yaml, \(configuration.sources.count) \(noun)"))
      findings += sources(configuration)
    } catch {
      findings.append(broken("configuration", error))
    }
    findings += Pipeline.stages.map(receipt)
    findings.append(git())
    findings.append(space())
    findings.append(libraries())
    return findings
  }

  private func good(_ check: String, _ facts: String) -> HealthFinding {
    HealthFinding(check: check, state: .good, facts: facts)
  }

  private func broken(_ check: String, _ error: any Error) -> HealthFinding {
    let shown = ErrorText.describe(error, root: layout)
    return HealthFinding(
      check: check, state: .broken, facts: (shown.place.map { "\($0): " } ?? "") + shown.message, hint: shown.hint)
  }

  private func sources(_ configuration: Configuration) -> [HealthFinding] {
    do {
      for source in configuration.sources { try source.checkPrograms() }
      return try SourceLogs.find(configuration, in: layout.root, of: fileSystem).entries.map { entry in
        var bytes = 0
        for file in entry.files {
          let path = layout.path(file.path)
          bytes += Int(try fileSystem.status(of: path, followingLinks: true)?.size ?? 0)
          _ = try fileSystem.open(path)
        }
        let notes = [
          ("Not followed, because no pattern names them", entry.skippedLinks), ("Named, but no files", entry.notFiles),
        ].filter { !$0.1.isEmpty }.map { "\($0): \($1.map(\.string).joined(separator: ", "))." }
        return HealthFinding(
          check: "source \(entry.source.name)", state: notes.isEmpty ? .good : .warning,
          facts: "\(Quantity.count(Int64(entry.files.count))) \(entry.files.count == 1 ? "file" : "files"), "
            + Quantity.bytes(bytes), hint: notes.isEmpty ? nil : notes.joined(separator: " "))
      }
    } catch {
      return [broken("sources", error)]
    }
  }

  private func receipt(_ stage: StageName) -> HealthFinding {
    let shelf = ReceiptShelf(fileSystem: fileSystem, layout: layout)
    do {
      if let failed = try shelf.failed(stage) {
        let checks = failed.receipt.core.validation.filter { !$0.pass }.flatMap(\.facts)
        return HealthFinding(
          check: "receipt \(stage)", state: .warning, facts: "the last run failed: \(checks.joined(separator: "; "))",
          hint: "receipts/\(stage)/failed.json says more; `distill-make \(stage)` tries again.")
      }
      guard let newest = try shelf.newest(stage) else { return good("receipt \(stage)", "not built yet") }
      return good("receipt \(stage)", "\(newest.digest.hex.prefix(12)) of \(newest.receipt.run.finishedAt.text)")
    } catch {
      return HealthFinding(
        check: "receipt \(stage)", state: .warning, facts: ErrorText.describe(error, root: layout).message,
        hint: "The next build writes a new one.")
    }
  }

  private func git() -> HealthFinding {
    do {
      guard let state = try Workspace.git(layout) else {
        if let place = try repositoryFolder() {
          return HealthFinding(
            check: "git", state: .warning, facts: "\(place) is there, but no repository with a commit that can be read",
            hint: "Receipts will say `git: null`. `git status` says what is wrong with it.")
        }
        return HealthFinding(
          check: "git", state: .warning, facts: "no repository with a commit around the workspace",
          hint: "Receipts will say `git: null`. `git init` and a commit of distill.yaml would tie them to a version.")
      }
      return good("git", "\(state.sha.prefix(12)), \(state.dirty ? "with changes that are not committed" : "clean")")
    } catch {
      return broken("git", error)
    }
  }

  /// The nearest `.git` of the workspace or a folder above; nil: there is none.
  private func repositoryFolder() throws -> FilePath? {
    var folder = layout.root
    while true {
      let place = folder.appending(".git")
      if try fileSystem.status(of: place, followingLinks: false) != nil { return place }
      guard folder.removeLastComponent() else { return nil }
    }
  }

  private func space() -> HealthFinding {
    do {
      guard layout.root.withPlatformString({ access($0, W_OK) }) == 0 else {
        return HealthFinding(
          check: "disk", state: .warning, facts: "can't write in \(layout.root): \(Errno(rawValue: errno))",
          hint: "A build writes data, exports, receipts, reports and .distill there.")
      }
      if let stranger = folderElsewhere() {
        return HealthFinding(
          check: "disk", state: .broken, facts: "\(stranger) is on another file system than .distill",
          hint: "Outputs are made in .distill and moved into place, so all of the workspace must be on one file system."
        )
      }
      let free = try fileSystem.freeSpace(at: layout.root)
      let isScarce = free < Self.scarceSpace
      return HealthFinding(
        check: "disk", state: isScarce ? .warning : .good, facts: "\(Quantity.bytes(Int(free))) free",
        hint: isScarce ? "A build needs room for its outputs beside the old ones." : nil)
    } catch {
      return broken("disk", error)
    }
  }

  /// A folder that builds write, and that is not where they move its files from; nil: none.
  private func folderElsewhere() -> String? {
    func device(_ path: FilePath) -> dev_t? {
      var status = stat()
      return path.withPlatformString { stat($0, &status) } == 0 ? status.st_dev : nil
    }
    let own = device(layout.cache) ?? device(layout.root)
    return WorkspaceLayout.ownFolders.map { String($0.dropLast()) }.first { folder in
      device(layout.root.appending(folder)).map { $0 != own } ?? false
    }
  }

  private func libraries() -> HealthFinding {
    do {
      return good("libraries", try ToolFiles.paths().compactMap { $0.lastComponent?.string }.joined(separator: ", "))
    } catch {
      return broken("libraries", error)
    }
  }
}
