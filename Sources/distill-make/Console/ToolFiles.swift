@preconcurrency import Glibc
import JSONTape
import Receipts
import SystemPackage

/// Which program this is: the executable, and the libraries beside it that can change what it writes.
enum ToolFiles {
  private static let libraries = ["libjq.so", "libsimdjson.so"]

  static func paths() throws -> [FilePath] {
    var paths = [FilePath(try LocalFileSystem().linkTarget(of: "/proc/self/exe"))]
    let loaded = loadedLibraries()
    for library in libraries {
      guard let name = loaded.first(where: { $0.contains("/\(library)") }), let resolved = realpath(name, nil) else {
        throw DistillError(.internalFault, "can't tell where \(library) was loaded from")
      }
      defer { free(resolved) }
      paths.append(FilePath(String(cString: resolved)))
    }
    return paths
  }

  /// From the dynamic linker's own list, which is written before `main` begins; to have /proc/self/maps written out and
  /// to read it takes a tenth of a build with nothing to do.
  private static func loadedLibraries() -> [String] {
    var names: [String] = []
    var library = _r_debug.r_map
    while let current = library {
      names.append(String(cString: current.pointee.l_name))
      library = current.pointee.l_next
    }
    return names
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
