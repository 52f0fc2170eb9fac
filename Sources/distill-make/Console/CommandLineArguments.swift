/// What people are used to from make and git, in the form that the parser knows: `-C DIR` before the subcommand, and
/// `-j4`.
enum CommandLineArguments {
  static func normalised(_ arguments: [String]) -> [String] {
    folderBehind(arguments).flatMap { argument in
      let digits = argument.dropFirst(2)
      let isJobs = argument.hasPrefix("-j") && !digits.isEmpty && digits.allSatisfy { $0.isASCII && $0.isNumber }
      return isJobs ? ["-j", String(digits)] : [argument]
    }
  }

  private static func folderBehind(_ arguments: [String]) -> [String] {
    var moved: [String] = []
    var rest = arguments[...]
    while let first = rest.first, first.hasPrefix("-C") || first == "--directory" || first.hasPrefix("--directory=") {
      let takesNext = first == "-C" || first == "--directory"
      guard !takesNext || rest.count > 1 else { return arguments }
      moved += rest.prefix(takesNext ? 2 : 1)
      rest = rest.dropFirst(takesNext ? 2 : 1)
    }
    // The option belongs to the subcommand, so without one there is nowhere to put it.
    guard let subcommand = rest.first, !subcommand.hasPrefix("-") else { return Array(rest) }
    return [subcommand] + moved + rest.dropFirst()
  }
}
