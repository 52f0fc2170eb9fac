import SystemPackage

/// `.distill/staging/<stage>`: a numbered folder for each attempt at the stage.
///
/// An attempt that was killed leaves finished fragments, which the next one takes from there.
struct StagingFolder: Sendable {
  let build: Build
  let stage: StageName

  private var folder: FilePath { build.layout.staging(stage) }
  private var fileSystem: any FileSystem { build.fileSystem }

  /// A folder for a new attempt, and the fragments that the best of the earlier ones left, which the catalog then
  /// knows.
  func begin() throws -> (folder: FilePath, found: [Digest]) {
    var best: (number: Int, places: [SpooledPlace], byteCount: Int)?
    for entry in try fileSystem.entries(of: folder) {
      let path = folder.appending(entry.name)
      let number = entry.kind == .directory ? Int(entry.name) : nil
      let places = number == nil ? [] : try places(in: path)
      let byteCount = places.reduce(0) { $0 + $1.byteCount }
      if let number, byteCount > best?.byteCount ?? 0 {
        if let best { try remove(folder.appending("\(best.number)")) }
        best = (number, places, byteCount)
      } else {
        if entry.kind == .directory { try fileSystem.empty(path) }
        try fileSystem.remove(path)
      }
    }
    let attempt = folder.appending("\((best?.number ?? -1) &+ 1)")
    try fileSystem.createDirectory(attempt)
    var found: [Digest] = []
    for place in best?.places ?? []
    where build.catalog.addCopy(place.slice(.none, name: "an interrupted build"), of: place.digest) {
      found.append(place.digest)
    }
    return (attempt, found)
  }

  func empty() throws { try fileSystem.empty(folder) }

  private func remove(_ path: FilePath) throws {
    try fileSystem.empty(path)
    try fileSystem.remove(path)
  }

  private func places(in attempt: FilePath) throws -> [SpooledPlace] {
    let bytes = try fileSystem.contents(of: attempt.appending(SpooledPlace.journal)) ?? []
    var sizes: [FilePath: Int64] = [:]
    return try String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
      guard let place = SpooledPlace(line: line, in: attempt) else { return nil }
      // A file that was published already is looked for in its place.
      let size = try sizes[place.file] ?? fileSystem.status(of: place.file, followingLinks: false)?.size ?? 0
      sizes[place.file] = size
      return place.offset <= size && Int64(place.byteCount) <= size - place.offset ? place : nil
    }
  }
}
