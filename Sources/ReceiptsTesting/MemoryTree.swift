import Receipts
import SystemPackage

/// What a `MemoryFileSystem` holds. Times are nanoseconds since 1970.
struct MemoryTree: Sendable {
  /// A name in a directory, in bytes: paths are taken apart very often, and `FilePath` is slow at that.
  typealias Name = [UInt8]

  enum Contents: Sendable {
    case file([UInt8])
    case directory([Name: UInt64])
    case link(String)
  }

  struct Node: Sendable {
    var contents: Contents
    var modified: Int64
    var changed: Int64
  }

  /// Where a path leads: a name in a directory, with or without something behind it.
  struct Place {
    var directory: UInt64
    /// nil: the root.
    var name: Name?
    var inode: UInt64?
  }

  private static let root: UInt64 = 1

  /// By inode. Nodes without a name stay: somebody may have them open.
  var nodes: [UInt64: Node] = [root: Node(contents: .directory([:]), modified: 0, changed: 0)]
  private var lastInode = root
  var filesRead: [FilePath] = []
  var pathsChanged: [FilePath] = []
  var pathsBypassingCache: [FilePath] = []
  var failures: [FileSystemError] = []
  var changesLeft: Int?
  var fault: PlannedFault?
  /// The write that is being made writes half of its bytes, then throws this.
  var halfWrite: Errno?
  /// nil: nobody will cut the power.
  var disk: MemoryDisk?
  let freeSpace: Int64 = 1 << 40
  var locked: Set<UInt64> = []

  mutating func failIfAsked(_ operation: String, _ path: FilePath, isChange: Bool) throws(Errno) {
    if let left = changesLeft {
      if left == 0 { throw .ioError }
      if isChange { changesLeft = left - 1 }
    }
    if var fault, (fault.calls == .changing) == isChange {
      fault.after -= 1
      self.fault = fault.after < 0 ? nil : fault
      if fault.after < 0 {
        guard fault.kind == .halfWrite && operation == "write" else { throw fault.errno }
        halfWrite = fault.errno
      }
    }
    let asked = failures.firstIndex { $0.operation == operation && $0.path == path.string }
    if let asked { throw failures.remove(at: asked).errno }
  }

  func isDirectory(_ inode: UInt64) -> Bool {
    if case .directory = nodes[inode]?.contents { true } else { false }
  }

  func status(of inode: UInt64) -> FileStatus {
    let node = nodes[inode]!
    let (kind, size): (FileStatus.Kind, Int) =
      switch node.contents {
      case .file(let bytes): (.regular, bytes.count)
      case .directory(let names): (.directory, names.count)
      case .link(let target): (.symbolicLink, target.utf8.count)
      }
    return FileStatus(
      kind: kind, size: Int64(size), modified: node.modified, changed: node.changed, inode: inode)
  }

  /// Throws where a parent is missing or no directory.
  func locate(_ path: FilePath, followingLink: Bool) throws(Errno) -> Place {
    try locate(Self.names(path.string), followingLink: followingLink, depth: 0)
  }

  private static func names(_ path: String) -> [Name] {
    Array(path.utf8).split(separator: UInt8(ascii: "/")).map(Name.init)
  }

  private func locate(_ names: [Name], followingLink: Bool, depth: Int) throws(Errno) -> Place {
    guard depth < 40 else { throw .tooManySymbolicLinkLevels }
    // The directories down to the place.
    var walked: [(name: Name?, inode: UInt64)] = [(nil, Self.root)]
    var place = Place(directory: Self.root, name: nil, inode: Self.root)
    for (number, name) in names.enumerated() {
      if name == [UInt8(ascii: ".")] { continue }
      if name == [UInt8(ascii: "."), UInt8(ascii: ".")] {
        if walked.count > 1 { walked.removeLast() }
        let last = walked[walked.count - 1]
        place = Place(directory: last.inode, name: last.name, inode: last.inode)
        continue
      }
      let directory = walked[walked.count - 1].inode
      guard case .directory(let entries) = nodes[directory]!.contents else { throw .notDirectory }
      let isLast = number == names.count - 1
      place = Place(directory: directory, name: name, inode: entries[name])
      guard let inode = place.inode else {
        if isLast { return place }
        throw .noSuchFileOrDirectory
      }
      if case .link(let target) = nodes[inode]!.contents, followingLink || !isLast {
        let start = target.hasPrefix("/") ? [] : walked.compactMap(\.name)
        let rest = start + Self.names(target) + names[(number + 1)...]
        return try locate(rest, followingLink: followingLink, depth: depth + 1)
      }
      walked.append((name, inode))
    }
    return place
  }

  /// Gives `path` a new node.
  @discardableResult
  mutating func replace(_ path: FilePath, _ contents: Contents, _ now: Int64) throws(Errno) -> UInt64 {
    let place = try locate(path, followingLink: false)
    guard let name = place.name else { throw .isDirectory }
    lastInode += 1
    nodes[lastInode] = Node(contents: contents, modified: now, changed: now)
    try enter([.init(folder: place.directory, name: name, inode: lastInode)], now)
    return lastInode
  }

  mutating func setContents(_ contents: Contents, of inode: UInt64, _ now: Int64) {
    nodes[inode] = Node(contents: contents, modified: now, changed: now)
  }

  mutating func makeDirectory(_ path: FilePath, _ now: Int64) throws(Errno) {
    var made = FilePath("/")
    for name in path.components {
      made.append(name)
      if let inode = try locate(made, followingLink: true).inode {
        guard isDirectory(inode) else { throw .notDirectory }
      } else {
        try replace(made, .directory([:]), now)
      }
    }
  }

  mutating func rename(_ source: FilePath, to target: FilePath, _ now: Int64) throws(Errno) {
    let from = try locate(source, followingLink: false)
    let to = try locate(target, followingLink: false)
    guard let inode = from.inode, let name = from.name, let newName = to.name else { throw .noSuchFileOrDirectory }
    if inode == to.inode { return }
    if let replaced = to.inode {
      if isDirectory(replaced) && !isDirectory(inode) { throw .isDirectory }
      if isDirectory(inode) && !isDirectory(replaced) { throw .notDirectory }
      if case .directory(let names) = nodes[replaced]!.contents, !names.isEmpty { throw .directoryNotEmpty }
    }
    try enter(
      [
        .init(folder: from.directory, name: name, inode: nil),
        .init(folder: to.directory, name: newName, inode: inode),
      ], now)
    nodes[inode]!.changed = now
  }

  /// false: nothing was there.
  mutating func remove(_ path: FilePath, _ now: Int64) throws(Errno) -> Bool {
    let place: Place
    do throws(Errno) {
      place = try locate(path, followingLink: false)
    } catch {
      guard error == .noSuchFileOrDirectory || error == .notDirectory else { throw error }
      return false
    }
    guard let inode = place.inode, let name = place.name else { return false }
    if case .directory(let names) = nodes[inode]!.contents, !names.isEmpty { throw .directoryNotEmpty }
    try enter([.init(folder: place.directory, name: name, inode: nil)], now)
    return true
  }

  func entries(of path: FilePath) throws(Errno) -> [DirectoryEntry] {
    let inode: UInt64?
    do throws(Errno) {
      inode = try locate(path, followingLink: true).inode
    } catch {
      guard error == .noSuchFileOrDirectory || error == .notDirectory else { throw error }
      return []
    }
    guard let inode, case .directory(let names) = nodes[inode]!.contents else { return [] }
    return names.map { DirectoryEntry(name: String(decoding: $0.key, as: UTF8.self), kind: status(of: $0.value).kind) }
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// Of all files and links below a folder, ordered by path.
  func files(below folder: FilePath) -> [FilePath] {
    var found: [String] = []
    func collect(_ inode: UInt64, _ path: String) {
      guard case .directory(let names) = nodes[inode]!.contents else { return found.append(path) }
      for (name, child) in names { collect(child, path + "/" + String(decoding: name, as: UTF8.self)) }
    }
    if let inode = try? locate(folder, followingLink: true).inode, isDirectory(inode) {
      collect(inode, folder.string == "/" ? "" : folder.string)
    }
    return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { FilePath($0) }
  }

  /// The entries are one step.
  private mutating func enter(_ entries: [MemoryDisk.Entry], _ now: Int64) throws(Errno) {
    for entry in entries {
      guard case .directory(var names) = nodes[entry.folder]!.contents else { throw .notDirectory }
      names[entry.name] = entry.inode
      setContents(.directory(names), of: entry.folder, now)
    }
    disk?.note(entries)
  }

  mutating func synchronize(_ inode: UInt64) {
    switch nodes[inode]?.contents {
    case .file(let bytes): disk?.synchronizeFile(inode, bytes)
    case .directory: disk?.synchronizeFolder(inode)
    case .link, nil: break
    }
  }

  /// As `syncfs` does: also what nobody has a name or a descriptor for.
  mutating func synchronizeAll() {
    if disk != nil { disk = MemoryDisk(of: nodes) }
  }

  mutating func cutPower(using generator: inout some RandomNumberGenerator) {
    precondition(disk != nil, "what is on the disk was not watched")
    nodes = disk!.nodesAfterPowerCut(of: nodes, using: &generator)
    disk = MemoryDisk(of: nodes)
    (changesLeft, fault, halfWrite, failures, locked) = (nil, nil, nil, [], [])
  }
}
