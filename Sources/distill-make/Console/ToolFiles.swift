import JSONTape
import Receipts
import SystemPackage

/// Which program this is: the executable, and the libraries beside it that can change what it writes.
enum ToolFiles {
  private static let libraries = ["libjq.so", "libsimdjson.so"]

  static func paths() throws -> [FilePath] {
    var paths = [FilePath(try LocalFileSystem().linkTarget(of: "/proc/self/exe"))]
    let maps = ProcessTable.text("self/maps") ?? ""
    for library in libraries {
      // 7f…-7f… r-xp 00002000 fe:00 12345   /usr/lib/…/libjq.so.1.0.4
      guard let line = maps.split(separator: "\n").first(where: { $0.contains("/\(library)") }),
        let start = line.firstIndex(of: "/")
      else { throw DistillError(.internalFault, "can't tell where \(library) was loaded from") }
      paths.append(FilePath(String(line[start...])))
    }
    return paths
  }

  /// SHA-256 of the canonical JSON of the files' digests, in the order of `paths()`.
  static func identity(_ index: FileIndex) throws -> ToolIdentity {
    let files = try paths()
    let hashed = try index.digests(of: files.map { ($0.string, $0) }, jobs: 2)
    let digests = try zip(files, hashed).map { path, file -> JSON in
      guard let file else { throw DistillError(.internalFault, "the program's own file is gone", place: path.string) }
      return .string(file.digest.hex)
    }
    return ToolIdentity(
      name: "distill-make", version: DistillMake.version, digest: Digest.of(JSON.array(digests).canonical))
  }
}
