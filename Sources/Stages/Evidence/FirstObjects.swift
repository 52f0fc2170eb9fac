/// The first object of each identity in a chunk.
struct FirstObjects {
  private var objects: [IdentityTable.Row] = []
  private var table = FirstRows()
  /// How many there were before the current record.
  private var recordStart = 0

  mutating func beginRecord() { recordStart = objects.count }

  /// The object that came first with the identity; nil: it is this one.
  mutating func first(like row: IdentityTable.Row) -> IdentityTable.Row? {
    table.reserve { objects[$0].identity.high }
    let number = table.insert(objects.count, hash: row.identity.high) { objects[$0].identity == row.identity }
    if number < objects.count { return objects[number] }
    objects.append(row)
    return nil
  }

  /// Forgets those of the current record.
  mutating func rollBack() {
    while objects.count > recordStart {
      let row = objects.removeLast()
      table.removeLast(objects.count, hash: row.identity.high)
    }
  }
}
