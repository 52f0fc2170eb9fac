import Foundation
import Glibc
import StagesTesting
import Testing

/// Random edits and mishaps on the real file system, built by the program as its user would.
@Suite("Incremental builds by the program")
struct IncrementalTests {
  @Test("leave what a clean build in another folder leaves", arguments: UInt64(1)...5)
  func equalsClean(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var workspace = RandomLogs(records: 30 + generator.below(200), using: &generator)
    let space = try TestSpace()
    var past: [RandomLogs] = []
    for step in 0..<6 {
      var story: [String] = []
      if step > 0 {
        past.append(workspace)
        if past.count > 2, generator.chance(20) {
          workspace = generator.pick(past)
          story.append("restore the logs")
        }
        for _ in 0..<generator.below(4) { story.append(workspace.edit(using: &generator)) }
        for _ in 0..<generator.below(3) { story.append(try happen(to: space, using: &generator)) }
      }
      try put(workspace, into: space, hiding: generator.chance(30))
      let clean = try TestSpace("clean")
      try put(workspace, into: clean, hiding: false)

      let flags = ["--include-partial", "--include-review"].filter { _ in generator.chance(20) }
      let result = try space.start(["all", "-q", "-j", "\(1 + generator.below(4))"] + flags).wait()
      let cleanResult = try clean.start(["all", "-q"] + flags).wait()
      let what = "seed \(seed), step \(step): \(story.joined(separator: "; "))"
      #expect(result.exitCode == cleanResult.exitCode, "\(what): \(result.stderr)")
      guard result.exitCode == 0 else { continue }
      #expect(differences(try clean.outputs(), try space.outputs()) == [], "\(what)")
      #expect(differences(try clean.cores(), try space.cores()) == [], "\(what)")
      try expectChecksums(of: space)
      // What a dry run says now is that nothing will run.
      #expect(Set(try space.states(["all", "--dry-run"] + flags).values) == ["up_to_date"], "\(what)")
    }
  }

  private func put(_ workspace: RandomLogs, into space: TestSpace, hiding: Bool) throws {
    let wanted = workspace.files.merging(["distill.yaml": Array(workspace.configuration.utf8)]) { $1 }
    for source in RandomSource.allCases {
      for path in space.files(source.rawValue) where wanted[path] == nil { try space.remove(path) }
    }
    for (path, bytes) in wanted {
      guard space.exists(path) else {
        try space.write(path, bytes)
        continue
      }
      if try space.bytes(path) == bytes { continue }
      var before = stat()
      guard stat(space.path(path), &before) == 0 else { throw TestSpaceError("no stat of \(path)") }
      // In place: the inode stays.
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: space.path(path)))
      try file.truncate(atOffset: 0)
      try file.write(contentsOf: Data(bytes))
      try file.close()
      if hiding { #expect(utimensat(AT_FDCWD, space.path(path), [before.st_atim, before.st_mtim], 0) == 0) }
    }
  }

  private func happen(to space: TestSpace, using generator: inout SeededGenerator) throws -> String {
    func damage(_ files: [String], _ percent: Int) throws {
      for file in files where generator.chance(percent) {
        var bytes = try space.bytes(file)
        switch generator.below(4) {
        case 0 where !bytes.isEmpty, 1 where !bytes.isEmpty: bytes[generator.below(bytes.count)] ^= 1
        case 2: bytes.removeLast(bytes.count / 2)
        default:
          try space.remove(file)
          continue
        }
        try space.write(file, bytes)
      }
    }
    switch generator.below(8) {
    case 0:
      try damage(space.files(".distill/objects"), generator.pick([5, 100]))
      return "damage objects"
    case 1:
      try damage(space.files(".distill/actions"), generator.pick([5, 100]))
      return "damage action records"
    case 2:
      try damage([".distill/index"].filter(space.exists), 100)
      return "damage the index"
    case 3:
      if space.exists(".distill") { try space.remove(".distill") }
      return "remove .distill"
    case 4:
      try damage(space.files("data/scored-runs") + space.files("exports"), 20)
      return "damage outputs"
    case 5:
      if space.exists("data") { try space.remove("data") }
      return "remove data"
    case 6:
      for log in space.files("runs") { #expect(utimensat(AT_FDCWD, space.path(log), nil, 0) == 0) }
      return "touch logs"
    default:
      let build = try space.start(["all", "-q"])
      usleep(UInt32(generator.below(40_000)))
      build.kill()
      _ = try build.wait()
      return "kill a build"
    }
  }
}
