import JSONTape
import Receipts
import Stages

/// Plants contaminants among real records, builds with each combination of flags, and looks for them.
struct Selftest {
  struct Finding {
    var plant: Plant
    var flags: SelftestFlags
    /// Stages and reasons that stopped it.
    var stopped: [String]
    /// What it got through, or what did not stop it.
    var faults: [String]
  }

  let workspace: SelftestWorkspace
  let plants: [Plant]
  let exports: ExportOptions

  func run() throws -> [Finding] {
    var findings: [Finding] = []
    for flags in SelftestFlags.allCases {
      let reports = try workspace.build(flags, exports: exports)
      for report in reports {
        switch report.ending {
        case .upToDate, .built: continue
        case .stopped(let error): throw error
        case .failed, .notRun:
          throw DistillError(.checkFailed, "stage \(report.stage) of the self-test's build failed")
        }
      }
      for plant in plants {
        findings.append(plant.way == .log ? try checkLog(plant, flags) : try checkPartition(plant, flags))
      }
    }
    return findings
  }

  private func checkLog(_ plant: Plant, _ flags: SelftestFlags) throws -> Finding {
    var finding = Finding(plant: plant, flags: flags, stopped: [], faults: [])
    for (stage, path) in [
      (StageName.exportRAG, Layout.rag), (.exportSFT, Layout.sft), (.exportPreference, Layout.preference),
    ] {
      let isThere = try workspace.lines(of: path).contains { $0.contains(plant.canary) }
      if isThere, !(plant.allowed[stage]?.contains(flags) ?? false) {
        finding.faults.append("is in \(path)")
      }
    }
    let own = try quarantined(plant)
    for (stage, reason) in plant.stoppedBy where !(plant.allowed[stage]?.contains(flags) ?? false) {
      if own[stage]?.contains(reason.rawValue) ?? false {
        finding.stopped.append("\(stage) \(reason.rawValue)")
      } else {
        finding.faults.append("\(stage) did not stop it with \(reason.rawValue)")
      }
    }
    return finding
  }

  /// The reasons that stopped the plant's own lines, by stage: rows that name its line of the planted log.
  private func quarantined(_ plant: Plant) throws -> [StageName: Set<String>] {
    let before = plants.prefix { $0.canary != plant.canary }.filter { $0.way == .log }.reduce(0) { $0 + $1.lines.count }
    let own = before..<before + plant.lines.count
    var found: [StageName: Set<String>] = [:]
    for (stage, name) in [
      (StageName.buildEvidence, "evidence"), (.exportRAG, "rag"), (.exportSFT, "sft"),
      (.exportPreference, "preference"),
    ] {
      for line in try workspace.lines(of: Layout.quarantine(name)) {
        let row = try JSON.parse(Array(line.utf8))
        let places = [row["source_provenance"], row["source_record"]?["rejected_provenance"]].compactMap(\.self)
        guard let reason = row["reason"]?.string,
          places.contains(where: {
            $0["source"]?.string == Plants.sourceName && own.contains(Int($0["line_offset"]?.integer ?? -1))
          })
        else { continue }
        found[stage, default: []].insert(reason)
      }
    }
    return found
  }

  private func checkPartition(_ plant: Plant, _ flags: SelftestFlags) throws -> Finding {
    var finding = Finding(plant: plant, flags: flags, stopped: [], faults: [])
    for (stage, reason) in plant.stoppedBy {
      let outcome = try PlantedPartition.run(stage, rows: plant.lines, flags: flags)
      if !outcome.exported.isEmpty { finding.faults.append("\(stage) let it through") }
      let row = try? JSON.parse(Array(outcome.quarantine.utf8.dropLast()))
      if row?["reason"]?.string == reason.rawValue {
        finding.stopped.append("\(stage) \(reason.rawValue)")
      } else {
        finding.faults.append("\(stage) did not stop it with \(reason.rawValue)")
      }
    }
    return finding
  }
}
