import JSONTape

/// What changed between two receipts, for people.
enum DiffText {
  static func text(_ changes: JSONObject) -> String {
    var lines: [String] = []
    if let change = changes["tool"], !change.isNull {
      lines.append("tool: \(tool(change["before"])) → \(tool(change["after"]))")
    }
    if let change = changes["git"], !change.isNull {
      lines.append("git: \(commit(change["before"])) → \(commit(change["after"]))")
    }
    for (kind, mark) in [("added", "+"), ("removed", "-"), ("changed", "~")] {
      for path in changes["inputs"]?[kind]?["first"]?.array ?? [] {
        lines.append("input \(mark) \(path.string ?? "")")
      }
    }
    for change in changes["parameters"]?["first"]?.array ?? [] { lines.append("parameter \(leaf(change))") }
    for change in changes["record_counts"]?.array ?? [] { lines.append("count \(leaf(change))") }
    return lines.isEmpty ? "They do not differ but in when and where they were made." : lines.joined(separator: "\n")
  }

  private static func tool(_ tool: JSON?) -> String {
    let words = [tool?["name"], tool?["version"]].compactMap { $0?.string }.joined(separator: " ")
    return "\(words) (\(tool?["sha256"]?.string?.prefix(12) ?? ""))"
  }

  private static func commit(_ git: JSON?) -> String {
    guard let sha = git?["sha"]?.string else { return "no commit" }
    return git?["dirty"]?.bool ?? false ? "\(sha), and changes" : sha
  }

  private static func leaf(_ change: JSON) -> String {
    "\(change["at"]?.string ?? ""): \(words(change["before"])) → \(words(change["after"]))"
  }

  private static func words(_ value: JSON?) -> String {
    guard let value, !value.isNull else { return "nothing" }
    return value.string ?? value.canonicalString
  }
}
