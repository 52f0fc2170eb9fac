import JSONTape
import Receipts
import StagesTesting
import Testing

@testable import Stages

@Suite("What must not matter to the exports of random workspaces")
struct FirewallNeighbourTests {
  private static let exports = [Layout.rag, Layout.sft, Layout.preference].map(\.string)

  /// A row's bytes without its record's place, which moves when a record before it comes or goes.
  private func steady(_ row: JSON, withFile: Bool) -> String {
    guard var members = row.object else { return "\(row)" }
    for name in ["provenance", "chosen_provenance", "rejected_provenance"] {
      guard var provenance = members[name]?.object else { continue }
      provenance["line_offset"] = 0
      provenance["byte_offset"] = 0
      if !withFile { provenance["source_file"] = "" }
      members[name] = .object(provenance)
    }
    return String(decoding: JSON.object(members).encoded(), as: UTF8.self)
  }

  @Test("the order of lines and of files", arguments: RandomBuild.parts)
  func order(_ part: Int) throws {
    for seed in RandomBuild.seeds(part, percent: 10) {
      let note: Comment = "seed \(seed)"
      // What is said last decides, and the first of two with one id stays: such records depend on each other.
      let random = RandomWorkspace(
        seed: seed, .init(hasDamage: false, hasDuplicates: false, hasTies: false))
      var generator = SeededGenerator(seed: ~seed)
      var other = random
      for index in other.files.indices { other.files[index].records.shuffle(using: &generator) }
      for index in other.files.indices.dropLast()
      where other.files[index].source == other.files[index + 1].source && generator.chance(50) {
        let records = other.files[index].records
        other.files[index].records = other.files[index + 1].records
        other.files[index + 1].records = records
      }
      let first = try #require(try RandomBuild.make(random, note), note)
      let second = try #require(try RandomBuild.make(other, note), note)
      for path in Self.exports {
        let one = try first.space.rows(path).map { steady($0, withFile: false) }
        let two = try second.space.rows(path).map { steady($0, withFile: false) }
        // Pairs come in an order of their own; others in that of the logs.
        let isOrdered = path == Layout.preference.string
        #expect(isOrdered ? one == two : one.sorted() == two.sorted(), "\(path), \(note)")
      }
    }
  }

  @Test("damaged records beside good ones", arguments: RandomBuild.parts)
  func neighbours(_ part: Int) throws {
    for seed in RandomBuild.seeds(part, percent: 10) {
      let note: Comment = "seed \(seed)"
      let random = RandomWorkspace(seed: seed &+ 1_000_000)
      guard let damaged = try RandomBuild.make(random, note) else { continue }
      var clean = random
      clean.files = random.files.map(\.undamaged)
      let whole = try #require(try RandomBuild.make(clean, note), note)
      #expect(damaged.space.files(Layout.evidence) == whole.space.files(Layout.evidence), note)
      #expect(damaged.space.files(Layout.scored) == whole.space.files(Layout.scored), note)
      for path in Self.exports + whole.space.files(Layout.evidence) {
        let one = try damaged.space.rows(path).map { steady($0, withFile: true) }
        let two = try whole.space.rows(path).map { steady($0, withFile: true) }
        #expect(one == two, "\(path), \(note)")
      }
    }
  }

  @Test("every kind of damage and of oddity is among the workspaces")
  func kinds() {
    var damages: Set<RecordDamage> = []
    var oddities: Set<RecordOddity> = []
    var files: Set<RandomFile.Damage> = []
    var rest: Set<String> = []
    for seed in UInt64(0)..<300 {
      let random = RandomWorkspace(seed: seed)
      let oracle = FirewallOracle(random)
      for file in random.files {
        damages.formUnion(file.records.compactMap(\.damage))
        oddities.formUnion(file.records.compactMap(\.oddity))
        if let damage = file.damage { files.insert(damage) }
        if file.hasMark { rest.insert("byte order mark") }
        if file.hasReturns { rest.insert("CRLF") }
        if !file.blankLines.isEmpty { rest.insert("blank line") }
        if file.hasPending { rest.insert("pending") }
        if file.isOpen { rest.insert("last line without an end") }
        if file.records.isEmpty { rest.insert("no records") }
        if file.compression != .none { rest.insert(file.compression.rawValue) }
      }
      if oracle.stopped.values.contains(.duplicateID) { rest.insert("duplicate") }
      if oracle.isRefused { rest.insert("refused") }
      if random.closed != nil { rest.insert("can't be opened") }
      if random.isAmbiguous { rest.insert("ambiguous look-up") }
    }
    #expect(damages == Set(RecordDamage.allCases))
    #expect(oddities == Set(RecordOddity.allCases))
    #expect(files == Set(RandomFile.Damage.allCases))
    #expect(rest.count == 12, "\(rest)")
  }
}
