/// What of a `MemoryTree` would be there after a power cut, by POSIX alone: bytes of files that were synced, and names
/// whose folder was synced. The rest may be there or not, in any combination, and bytes that were not synced may be
/// torn. Only a rename is one step, as on every file system with a journal.
struct MemoryDisk: Sendable {
  /// Of a folder and a name: where it leads; nil: nowhere any more.
  struct Entry: Sendable {
    var folder: UInt64
    var name: MemoryTree.Name
    var inode: UInt64?
  }

  private struct Place: Hashable {
    var folder: UInt64
    var name: MemoryTree.Name

    init(_ entry: Entry) {
      folder = entry.folder
      name = entry.name
    }
  }

  private var files: [UInt64: [UInt8]] = [:]
  private var folders: [UInt64: [MemoryTree.Name: UInt64]] = [:]
  /// Changes of names that no sync has reached, in their order.
  private var pending: [[Entry]] = []

  /// Everything that is in the tree is on the disk.
  init(of nodes: [UInt64: MemoryTree.Node]) {
    for (inode, node) in nodes {
      switch node.contents {
      case .file(let bytes): files[inode] = bytes
      case .directory(let names): folders[inode] = names
      case .link: break
      }
    }
  }

  mutating func note(_ entries: [Entry]) { pending.append(entries) }

  mutating func synchronizeFile(_ inode: UInt64, _ bytes: [UInt8]) { files[inode] = bytes }

  mutating func synchronizeFolder(_ inode: UInt64) {
    var newest: [Place: Int] = [:]
    for (number, entries) in pending.enumerated() where entries.contains(where: { $0.folder == inode }) {
      apply(entries)
      for entry in entries { newest[Place(entry)] = number }
    }
    // What an older change did to the same names is over.
    pending = pending.enumerated().compactMap { number, entries in
      let left = entries.filter { newest[Place($0)].map { $0 < number } ?? true }
      return left.isEmpty ? nil : left
    }
  }

  private mutating func apply(_ entries: [Entry]) {
    for entry in entries { folders[entry.folder, default: [:]][entry.name] = entry.inode }
  }

  /// The nodes as they are found after a power cut: nothing that was not synced is there, or all of it, or some.
  mutating func nodesAfterPowerCut(
    of nodes: [UInt64: MemoryTree.Node], using generator: inout some RandomNumberGenerator
  ) -> [UInt64: MemoryTree.Node] {
    let chance = [0, 50, 100].randomElement(using: &generator)!
    for entries in pending where Int.random(in: 0..<100, using: &generator) < chance { apply(entries) }
    pending = []
    var nodes = nodes
    for inode in nodes.keys.sorted() {
      switch nodes[inode]!.contents {
      case .directory: nodes[inode]!.contents = .directory(folders[inode] ?? [:])
      case .file(let bytes) where files[inode] != bytes:
        nodes[inode]!.contents = .file(Self.torn(bytes, using: &generator))
      case .file, .link: break
      }
    }
    return nodes
  }

  private static func torn(_ bytes: [UInt8], using generator: inout some RandomNumberGenerator) -> [UInt8] {
    let length = Int.random(in: 0...bytes.count, using: &generator)
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: return []
    case 1: return Array(bytes.prefix(length))
    // The length was written, and not all of the blocks.
    case 2: return bytes.prefix(length) + [UInt8](repeating: 0, count: bytes.count - length)
    default: return bytes
    }
  }
}
