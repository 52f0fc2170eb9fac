import Testing

@testable import Stages

@Suite struct GlobTests {
  @Test(arguments: [
    ("logs/*.jsonl", "logs/a.jsonl", true),
    ("logs/*.jsonl", "logs/.jsonl", false),
    ("logs/*.jsonl", "logs/b/a.jsonl", false),
    ("logs/*", "logs", false),
    ("a?c", "abc", true),
    ("a?c", "aéc", true),
    ("a?c", "ac", false),
    ("[a-c]x", "bx", true),
    ("[!a-c]x", "bx", false),
    ("[!a-c]x", "💥x", true),
    ("[]a]x", "]x", true),
    ("[a-]x", "-x", true),
    ("[*]x", "*x", true),
    ("[*]x", "ax", false),
    ("**/*.json", "a.json", true),
    ("**/*.json", "x/y/a.json", true),
    ("**/*.json", "x/.y/a.json", false),
    ("**/*.json", ".x.json", false),
    ("logs/**", "logs/a/b", true),
    ("logs/**", "logs", false),
    ("logs/**/b/**/*.json", "logs/a/b/c/b/d.json", true),
    ("logs/**/b/**/*.json", "logs/a/c/d.json", false),
    ("**/a/b", "a/a/b", true),
    (".hidden/*", ".hidden/a", true),
    ("*/a", ".hidden/a", false),
    (".*", ".a", true),
    ("*a*b*c", "xaxbxbxc", true),
    ("*a*b*c", "xaxbxbx", false),
    ("./logs//a.json", "logs/a.json", true),
  ])
  func `a pattern matches the names it describes`(pattern: String, path: String, isMatch: Bool) throws {
    let glob = try Glob(pattern)
    #expect(glob.matches(path) == isMatch)
    #expect((glob.match(path) != nil) == isMatch)
  }

  @Test(arguments: [
    ("x_{model}/a.json", "x_gpt/a.json", ["model": "gpt"]),
    ("{model}-{domain}.json", "gpt-4o-airline.json", ["model": "gpt", "domain": "4o-airline"]),
    ("{model}-airline.json", "gpt-4o-airline.json", ["model": "gpt-4o"]),
    ("**/{a}/{b}.json", "x/y/z.json", ["a": "y", "b": "z"]),
    ("{a}*.json", "été.json", ["a": "é"]),
    ("*_{a}_*", "_x_y_z_", ["a": "x"]),
  ])
  func `a capture takes as little as it can`(pattern: String, path: String, captures: [String: String]) throws {
    let glob = try Glob(pattern)
    #expect(glob.match(path) == captures)
    #expect(Set(glob.captureNames) == Set(captures.keys))
  }

  @Test func `a capture takes at least one character and never a hidden name`() throws {
    #expect(try Glob("x{a}.json").match("x.json") == nil)
    #expect(try Glob("{a}").match(".x") == nil)
    #expect(try Glob("{a}/x").match("a/b/x") == nil)
  }

  @Test func `a name is matched by a pattern of one component`() throws {
    #expect(try Glob("*.jsonl*").matchesName("a.jsonl.gz"))
    #expect(try Glob("a.json").matchesName("a.json"))
    #expect(try !Glob("x/a.json").matchesName("a.json"))
  }

  @Test func `an escaped text matches itself alone`() throws {
    for text in ["a*b", "[x]", "{m}", "a?b"] {
      let glob = try Glob(Glob.escaping(text))
      #expect(glob.matchesName(text))
      #expect(glob.components == [.literal(text)])
    }
  }

  @Test func `long runs of stars end soon`() throws {
    let glob = try Glob(String(repeating: "*a", count: 60) + "b")
    #expect(!glob.matchesName(String(repeating: "a", count: 250)))
  }

  @Test(arguments: [
    (
      "/data/logs/*.jsonl", "`/data/logs/*.jsonl` is absolute, and every path is below the workspace",
      "link the folder into the workspace, ln -s '/data/logs' 'logs', and write logs/*.jsonl"
    ),
    (
      "../other/runs/**/*.json", "`../other/runs/**/*.json` leaves the workspace",
      "link the folder into the workspace, ln -s '../other/runs' 'runs', and write runs/**/*.json"
    ),
    (
      "../*.json", "`../*.json` leaves the workspace",
      "link the folder into the workspace, ln -s '..' 'logs', and write logs/*.json"
    ),
    (
      "/data/logs/a.jsonl", "`/data/logs/a.jsonl` is absolute, and every path is below the workspace",
      "link the folder into the workspace, ln -s '/data/logs' 'logs', and write logs/a.jsonl"
    ),
    ("logs/", "`logs/` names a folder", "write logs/* for the files in it"),
    (".", "`.` names the workspace itself", "write **/* for every file"),
    ("", "an empty pattern matches nothing", nil),
    ("a**b", "`**` stands alone between slashes, not inside `a**b`", "write one star, or /**/"),
    ("a[b", "`a[b` has a [ without a ]", "write [[] for the character itself"),
    ("[z-a]", "the range z-a in `[z-a]` runs backwards", nil),
    ("a{b", "`a{b` has a { without a }", "write [{] for the character itself"),
    ("a}b", "`a}b` has a } without a {", "write [}] for the character itself"),
    (
      "x/{strict,loose}.json", "{strict,loose} is not a name to capture",
      "`files` takes a list: write one pattern for each alternative"
    ),
    ("{1}", "{1} is not a name to capture", "letters, digits, _ and -, a letter in front"),
    ("{stem}.json", "{stem} is a name that templates already have", "call it {stem_name}"),
    ("{a}/{a}", "`{a}/{a}` captures {a} twice", nil),
  ])
  func `a text that is no pattern is refused with what to do`(text: String, reason: String, hint: String?) {
    #expect(throws: GlobError(reason, hint: hint)) { try Glob(text) }
  }
}
