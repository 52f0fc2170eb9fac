/// Why a text is not a glob.
public struct GlobError: Error, Sendable, Hashable {
  /// One sentence without a full stop.
  public var reason: String
  /// What to do; nil where that is plain.
  public var hint: String?

  init(_ reason: String, hint: String? = nil) {
    self.reason = reason
    self.hint = hint
  }
}

/// A pattern of workspace paths. Inside a component `*` is any text, `?` one character, `[a-z]` and `[!x]` sets, and
/// `{name}` a text of at least one character that is captured; `**` as a component is any number of folders, also none.
///
/// A match is read from the left and every wildcard takes as little as it can. A name that begins with `.` is matched
/// only where the component of the pattern begins with a `.` too. There is no escape character: `[*]` is a star.
public struct Glob: Sendable, Hashable {
  /// Without `.` components and doubled slashes.
  public let text: String
  /// In the order of the text.
  public let captureNames: [String]
  let components: [GlobComponent]

  public init(_ text: String) throws(GlobError) {
    guard !text.isEmpty else { throw GlobError("an empty pattern matches nothing") }
    guard !text.utf8.contains(0) else { throw GlobError("a file name has no NUL in it") }
    let parts = text.split(separator: "/").filter { $0 != "." }
    if text.hasPrefix("/") {
      throw GlobError(
        "`\(text)` is absolute, and every path is below the workspace", hint: Self.linkHint(parts, leading: "/"))
    }
    if parts.contains("..") {
      throw GlobError("`\(text)` leaves the workspace", hint: Self.linkHint(parts, leading: ""))
    }
    guard !parts.isEmpty else {
      throw GlobError("`\(text)` names the workspace itself", hint: "write **/* for every file")
    }
    let normal = parts.joined(separator: "/")
    if text.hasSuffix("/") {
      throw GlobError("`\(text)` names a folder", hint: "write \(normal)/* for the files in it")
    }

    var components: [GlobComponent] = []
    for part in parts {
      let component = try GlobComponent(part)
      if component == .anyDepth && components.last == .anyDepth { continue }
      components.append(component)
    }
    var names: [String] = []
    for case .pattern(let pattern) in components {
      for name in pattern.captureNames {
        if names.contains(name) { throw GlobError("`\(text)` captures {\(name)} twice") }
        names.append(name)
      }
    }
    self.text = normal
    self.components = components
    captureNames = names
  }

  /// A pattern that matches `literal` alone.
  public static func escaping(_ literal: String) -> String {
    var result = ""
    for character in literal {
      switch character {
      case "*", "?", "[", "{", "}": result += "[\(character)]"
      default: result.append(character)
      }
    }
    return result
  }

  /// The captures of a match; nil: `path` does not match.
  public func match(_ path: String) -> [String: String]? {
    var path = path
    return path.withUTF8 { bytes in
      let names = Self.split(bytes)
      guard let places = align(names, in: bytes) else { return nil }
      var captures: [String: String] = [:]
      for (component, place) in zip(components, places) {
        guard case .pattern(let pattern) = component, !pattern.captureNames.isEmpty else { continue }
        pattern.capture(UnsafeBufferPointer(rebasing: bytes[names[place]]), into: &captures)
      }
      return captures
    }
  }

  public func matches(_ path: String) -> Bool {
    var path = path
    return path.withUTF8 { bytes in align(Self.split(bytes), in: bytes) != nil }
  }

  /// Whether the pattern is one component, and `name`, a file name, matches it.
  public func matchesName(_ name: String) -> Bool {
    components.count == 1 && components[0].matches(name)
  }

  /// The folders in front of the first wildcard, each with a `/` behind it.
  var literalFolders: String {
    var folders = ""
    for component in components.dropLast() {
      guard case .literal(let name) = component else { break }
      folders += name + "/"
    }
    return folders
  }

  private static func split(_ bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var names: [Range<Int>] = []
    var start = 0
    for index in bytes.indices where bytes[index] == UInt8(ascii: "/") {
      names.append(start..<index)
      start = index + 1
    }
    names.append(start..<bytes.count)
    return names
  }

  /// For each component the index of the name that it matched (for `**`: the index behind those that it took).
  private func align(_ names: [Range<Int>], in bytes: UnsafeBufferPointer<UInt8>) -> [Int]? {
    var places: [Int] = []
    var name = 0
    var taken: (component: Int, end: Int)?
    while true {
      if places.count < components.count {
        let component = components[places.count]
        if component == .anyDepth {
          // A last `**` is one name or more: the file itself is one.
          if places.count == components.count - 1 {
            guard name < names.count else { return nil }
            let rest = names[name...].allSatisfy { component.matches(UnsafeBufferPointer(rebasing: bytes[$0])) }
            if rest { return places + [names.count] }
          } else {
            taken = (places.count, name)
            places.append(name)
            continue
          }
        } else if name < names.count, component.matches(UnsafeBufferPointer(rebasing: bytes[names[name]])) {
          places.append(name)
          name += 1
          continue
        }
      } else if name == names.count {
        return places
      }
      // No way on from here: the last `**` takes one name more. An earlier one need not: what it could take, the last
      // can.
      guard let (component, end) = taken, end < names.count,
        components[component].matches(UnsafeBufferPointer(rebasing: bytes[names[end]]))
      else { return nil }
      taken = (component, end + 1)
      places.removeSubrange(component...)
      places.append(end + 1)
      name = end + 1
    }
  }

  /// What to type so that files outside can be named from inside.
  private static func linkHint(_ parts: [Substring], leading: String) -> String {
    let fixed = Array(parts.prefix { !$0.contains { "*?[{".contains($0) } })
    // The file's own name stays in the pattern, the folder is linked.
    let folder = fixed.count == parts.count ? Array(fixed.dropLast()) : fixed
    var target = leading + folder.joined(separator: "/")
    if target.isEmpty { target = "." }
    let last = folder.last.map(String.init)
    let link = last == nil || last == ".." ? "logs" : last!
    let rest = ([link] + parts.dropFirst(folder.count).map(String.init)).joined(separator: "/")
    return "link the folder into the workspace, ln -s '\(target)' '\(link)', and write \(rest)"
  }
}

/// One component of a glob.
enum GlobComponent: Sendable, Hashable {
  case literal(String)
  /// `**`
  case anyDepth
  case pattern(NamePattern)

  init(_ text: Substring) throws(GlobError) {
    if text == "**" {
      self = .anyDepth
      return
    }
    let pattern = try NamePattern(text)
    if let literal = pattern.literal { self = .literal(literal) } else { self = .pattern(pattern) }
  }

  var hasCaptures: Bool {
    if case .pattern(let pattern) = self { !pattern.captureNames.isEmpty } else { false }
  }

  func matches(_ name: String) -> Bool {
    var name = name
    return name.withUTF8 { matches($0) }
  }

  func matches(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
    switch self {
    case .literal(let literal): literal.utf8.elementsEqual(name)
    case .anyDepth: name.first != UInt8(ascii: ".")
    case .pattern(let pattern): pattern.matches(name)
    }
  }
}
