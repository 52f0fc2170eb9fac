import Testing

@testable import Stages

@Suite struct FirstRowsTests {
  @Test func `equal rows are found, also when their hashes meet and the table has grown`() {
    // Hashes that share their low bits, so that rows stand one behind the other.
    let keys = (0..<2000).map { $0 * 31 % 700 }
    func hash(_ key: Int) -> UInt64 { UInt64(key % 13) }
    var firsts: [Int] = []
    var table = FirstRows()
    var known: [Int: Int] = [:]
    for key in keys {
      table.reserve { hash(firsts[$0]) }
      let number = table.insert(firsts.count, hash: hash(key)) { firsts[$0] == key }
      #expect(number == known[key] ?? firsts.count)
      if number == firsts.count {
        known[key] = number
        firsts.append(key)
      }
    }
  }

  @Test func `the last rows can be taken out again`() {
    var table = FirstRows()
    var rows: [Int] = []
    func hash(_ row: Int) -> UInt64 { UInt64(row % 3) }
    for round in 0..<50 {
      let before = rows.count
      for row in 0..<round % 7 {
        table.reserve { hash(rows[$0]) }
        #expect(table.insert(rows.count, hash: hash(1000 + row)) { rows[$0] == 1000 + row } == rows.count)
        rows.append(1000 + row)
      }
      while rows.count > before {
        let row = rows.removeLast()
        table.removeLast(rows.count, hash: hash(row))
      }
      table.reserve { hash(rows[$0]) }
      #expect(table.insert(rows.count, hash: hash(round)) { rows[$0] == round } == rows.count)
      rows.append(round)
      #expect(table.insert(rows.count, hash: hash(round)) { rows[$0] == round } == rows.count - 1)
    }
  }
}
