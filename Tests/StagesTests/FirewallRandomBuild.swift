import Foundation
import JSONTape
import Receipts
import SystemPackage
import Testing

@testable import Stages

/// A random workspace that was built.
struct RandomBuild {
  var space: FirewallWorkspace
  var oracle: FirewallOracle
  /// Names the seed.
  var note: Comment

  /// How many workspaces the tests build, about: `DISTILL_RANDOM_CASES`.
  private static let cases = ProcessInfo.processInfo.environment["DISTILL_RANDOM_CASES"].flatMap(Int.init) ?? 2000
  static let parts = 0..<20

  /// The seeds of one part, where all parts together make a share of the cases.
  static func seeds(_ part: Int, percent: Int) -> Range<UInt64> {
    let count = max(1, cases * percent / 100 / parts.count)
    return UInt64(part * count)..<UInt64((part + 1) * count)
  }

  func rows(_ path: RelativePath) throws -> [JSON] { try space.rows(path.string) }
  func rows(_ folder: String) throws -> [JSON] { try space.files(folder).flatMap(space.rows) }
  func quarantine(_ name: String) throws -> [JSON] { try rows(Layout.quarantine(name)) }

  /// nil: the build was refused, as it must be.
  static func make(_ random: RandomWorkspace, _ note: Comment) throws -> RandomBuild? {
    let oracle = FirewallOracle(random)
    let space = try FirewallWorkspace(random.configuration, try random.contents())
    if let closed = random.closed {
      space.fileSystem.failNext(operation: "open", path: space.layout.path(closed), errno: .permissionDenied)
    }
    var isRefused = false
    for report in try space.build() {
      switch report.ending {
      case .built: break
      case .stopped(let error):
        #expect((error as? DistillError)?.code == .data, "\(error) \(note)")
        isRefused = true
      case .notRun: #expect(isRefused, note)
      case .failed, .upToDate: Issue.record("\(report.stage) ended with \(report.ending) \(note)")
      }
    }
    #expect(oracle.isRefused == isRefused, note)
    return isRefused || oracle.isRefused ? nil : RandomBuild(space: space, oracle: oracle, note: note)
  }
}
