import JSONTape
import Receipts
import SystemPackage

/// A quick look at what might be logs in a folder. Bounded, so that it ends soon in any folder.
struct LogSurvey {
  static let maximumDepth = 6
  static let maximumEntries = 10_000
  static let maximumSamples = 500
  static let sampleBytes = 64 << 10

  /// The files of one extension in one folder.
  struct Group {
    /// Empty: the workspace itself; else without a `/` at its end.
    var folder: String
    /// `json`, `jsonl` or `ndjson`.
    var suffix: String
    var names: [String]
    /// Whether the folder is a link in the workspace itself, which a pattern finds by its literal name alone.
    var isLink = false
    /// Whether its first file was looked into.
    var isSampled = false
    /// The first record line, or the beginning of the document, of the first file; nil: not read or not JSON.
    var sample: JSON?

    var isLines: Bool { suffix != "json" }
    func path(_ name: String) -> String { folder.isEmpty ? name : "\(folder)/\(name)" }
  }

  /// By folder, then extension.
  private(set) var groups: [Group] = []
  /// Compressed logs, which are not looked into.
  private(set) var compressed: [String] = []
  /// Links to folders or logs that are not followed.
  private(set) var links: [String] = []
  /// False where a bound was met, or a folder could not be read.
  private(set) var isComplete = true

  /// Folders of other tools, which hold JSON files that nobody would call logs.
  private static let foreignFolders: Set<String> = [
    "node_modules", "vendor", "target", "build", "dist", "__pycache__", "venv",
  ]

  init(of workspace: FilePath, fileSystem: any FileSystem) throws(FileSystemError) {
    var pending = [(folder: "", depth: 0)]
    var followed: Set<String> = []
    var entriesLeft = Self.maximumEntries
    while !pending.isEmpty {
      let (folder, depth) = pending.removeFirst()
      var names: [String: [String]] = [:]
      let entries: [DirectoryEntry]
      do {
        entries = try fileSystem.entries(of: folder.isEmpty ? workspace : workspace.appending(folder))
      } catch {
        // A folder that is not for us to read holds none of our logs; the workspace itself must be readable.
        guard depth > 0 else { throw error }
        isComplete = false
        continue
      }
      for entry in entries {
        guard entriesLeft > 0 else {
          isComplete = false
          break
        }
        entriesLeft -= 1
        guard !entry.name.hasPrefix(".") else { continue }
        let path = folder.isEmpty ? entry.name : "\(folder)/\(entry.name)"
        switch entry.kind {
        case .directory
        where WorkspaceLayout.ownFolders.contains(path + "/") || Self.foreignFolders.contains(entry.name):
          break
        case .directory where depth == Self.maximumDepth: isComplete = false
        case .directory: pending.append((path, depth + 1))
        case .regular where GlobWalk.ownFiles.contains(path): break
        case .regular:
          if let suffix = Self.suffix(of: entry.name) {
            names[suffix, default: []].append(entry.name)
          } else if Source.Format.byExtension(of: entry.name) != nil {
            compressed.append(path)
          }
        case .symbolicLink:
          guard !WorkspaceLayout.ownFolders.contains(path + "/"), !GlobWalk.ownFiles.contains(path) else { break }
          // One that is broken, or that is not for us to look behind, leads to no logs.
          switch try? fileSystem.status(of: workspace.appending(path), followingLinks: true)?.kind {
          case .directory where depth == 0 && Self.leadsOutside(path, of: workspace, fileSystem):
            followed.insert(path)
            pending.append((path, depth + 1))
          case .directory: links.append(path)
          case .regular where Source.Format.byExtension(of: entry.name) != nil: links.append(path)
          default: break
          }
        case .other: break
        }
      }
      for suffix in names.keys.sorted() {
        groups.append(
          Group(folder: folder, suffix: suffix, names: names[suffix] ?? [], isLink: followed.contains(folder)))
      }
    }
    groups.sort { ($0.folder, $0.suffix) < ($1.folder, $1.suffix) }
    compressed.sort()
    links.sort()
    for index in groups.indices.prefix(Self.maximumSamples) {
      groups[index].isSampled = true
      groups[index].sample = try? Self.sample(of: groups[index], in: workspace, fileSystem)
    }
    if groups.count > Self.maximumSamples { isComplete = false }
  }

  /// By the words of the link: what is in the workspace, or is the workspace or around it, is not looked at twice.
  private static func leadsOutside(_ link: String, of workspace: FilePath, _ fileSystem: any FileSystem) -> Bool {
    guard let target = try? fileSystem.linkTarget(of: workspace.appending(link)) else { return false }
    let place = workspace.pushing(FilePath(target)).lexicallyNormalized()
    let root = workspace.lexicallyNormalized()
    return !place.starts(with: root) && !root.starts(with: place)
  }

  private static func suffix(of name: String) -> String? {
    ["json", "jsonl", "ndjson"].first { name.hasSuffix(".\($0)") }
  }

  private static func sample(
    of group: Group, in workspace: FilePath, _ fileSystem: any FileSystem
  ) throws(FileSystemError) -> JSON? {
    guard let name = group.names.first else { return nil }
    let file = try fileSystem.open(workspace.appending(group.path(name)))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: sampleBytes, alignment: 16)
    defer { buffer.deallocate() }
    let count = try file.read(into: buffer, at: 0)
    var bytes = Array(buffer[..<count])
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
    let isWhole = count < sampleBytes
    guard group.isLines else { return JSONPrefix.parse(bytes, isWhole: isWhole) }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    guard let line = lines.first(where: { $0.contains { $0 > 0x20 } }) else { return nil }
    // The only line may go on behind the sample.
    return JSONPrefix.parse(Array(line), isWhole: isWhole || line.endIndex < bytes.endIndex)
  }
}
