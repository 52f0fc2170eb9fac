import Synchronization

/// Gathers findings from all threads. Of each code it keeps at most ``limit`` for one file, and counts the rest.
final class FindingLog: Sendable {
  static let limit = 1000

  private struct Kind: Hashable {
    var code: FindingCode
    var path: String
  }

  private struct State {
    var findings: [Finding] = []
    var counts: [Kind: Int] = [:]
  }

  private let state = Mutex(State())

  func add(_ finding: Finding) {
    state.withLock { state in
      let kind = Kind(code: finding.code, path: finding.path)
      state.counts[kind, default: 0] += 1
      if state.counts[kind]! <= Self.limit { state.findings.append(finding) }
    }
  }

  func add(
    _ code: FindingCode, _ level: Finding.Level = .finding, path: String, line: Int? = nil, member: String? = nil,
    expected: String, found: String
  ) {
    add(Finding(code, level, path: path, line: line, member: member, expected: expected, found: found))
  }

  /// Everything found, in order. A file with more of one code than are kept has one that says so.
  var findings: [Finding] {
    state.withLock { state in
      let more = state.counts.filter { $0.value > Self.limit }.map { kind, count in
        Finding(
          kind.code, path: kind.path, expected: "no such findings",
          found: "\(count), of which \(Self.limit) are listed")
      }
      return (state.findings + more).sorted()
    }
  }
}
