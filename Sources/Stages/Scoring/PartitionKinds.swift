import Receipts

/// Which kinds of records a partition of evidence may hold: those of its source's parts. A partition of a source that
/// the configuration does not have may hold any.
struct PartitionKinds: Sendable {
  private let kinds: [String: Set<RecordKind>]

  init(_ sources: [Source]) {
    kinds = Dictionary(sources.map { ($0.name, Set($0.parts.map(\.kind))) }, uniquingKeysWith: { $0.union($1) })
  }

  func kinds(of partition: RelativePath) -> Set<RecordKind> {
    kinds[Layout.source(ofEvidence: partition)] ?? Set(RecordKind.allCases)
  }

  /// Has some source that kind?
  func has(_ kind: RecordKind) -> Bool { kinds.values.contains { $0.contains(kind) } }

  func isKnown(_ source: String) -> Bool { kinds[source] != nil }
}

/// The fragments of evidence and how they go together into actions.
struct ScoringGroups {
  struct Member {
    var path: RelativePath
    var fragment: Fragment
    var source: String
    var kinds: Set<RecordKind>
  }

  let members: [Member]
  /// What an action scores: ranges of `members`.
  let groups: [Range<Int>]
  private let size: Int

  init(_ inputs: [StageInput], _ kinds: PartitionKinds, size: Int) {
    members = inputs.flatMap { input in
      let (source, own) = (Layout.source(ofEvidence: input.path), kinds.kinds(of: input.path))
      return input.fragments.map { Member(path: input.path, fragment: $0, source: source, kinds: own) }
    }
    groups = FragmentGroups.cut(members.map { ($0.path, $0.fragment.byteCount) }, size: size)
    self.size = size
  }

  func recordCount(where holds: (Member) -> Bool) -> Int {
    members.reduce(0) { holds($1) ? $0 + $1.fragment.recordCount : $0 }
  }

  /// The inputs of actions that read nothing but fragments that may hold judgements.
  var judging: [[ActionInput]] {
    let judging = members.filter { $0.kinds.contains(.verdict) && $0.fragment.byteCount > 0 }
    return FragmentGroups.cut(judging.map { ($0.path, $0.fragment.byteCount) }, size: size).map { range in
      judging[range].enumerated().map { ActionInput("evidence/\($0)", $1.fragment) }
    }
  }

  /// Of a group, by its number: the fragments that `holds`, under their numbers in it.
  func inputs(of group: Int, where holds: (Member) -> Bool = { _ in true }) -> [(fragment: Int, input: ActionInput)] {
    members[groups[group]].enumerated().filter { holds($0.element) }.map {
      ($0.offset, ActionInput("evidence/\($0.offset)", $0.element.fragment))
    }
  }
}
