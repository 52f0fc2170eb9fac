/// Definitions that stand before every jq program and shadow what depends on anything but the record, or breaks libjq.
enum JQPrelude {
  /// Names and arities whose use fails when it is reached.
  private static let refused: [(name: String, parameters: String)] = [
    ("now", ""), ("env", ""), ("input", ""), ("inputs", ""), ("input_filename", ""), ("input_line_number", ""),
    ("debug", ""), ("debug", "m"), ("stderr", ""), ("localtime", ""), ("strflocaltime", "f"), ("halt", ""),
    ("halt_error", ""), ("halt_error", "c"), ("modulemeta", ""), ("get_search_list", ""), ("get_prog_origin", ""),
    ("get_jq_origin", ""),
  ]

  /// What fails in libjq 1.6 for some values only. Each name is the function's own until the definition that shadows
  /// it. Operators are functions, too: `%` is `_mod`, and every kind of assignment `_assign` or `_modify`.
  private static let guarded = [
    // An error that is null can't be told from the end of the program, which would keep the objects before it.
    #"def __error: error;"#,
    #"def error: if . == null then "the program called error with null" | __error else __error end;"#,
    #"def error(m): m | error;"#,

    // `%s` is the local time zone's in C, `%Z` the machine's name for it; glibc takes flags, a width and E or O before
    // the letter.
    #"def __timeFormat($name): if type != "string" then error("\($name) needs a text as its format")"#,
    #"elif test("%[-_0^#+EO0-9]*[sZ]")"#,
    #"then error("\($name) with %s or %Z is not allowed: it depends on the machine's time zone") else . end;"#,
    #"def __strptime(f): strptime(f); def strptime(f): __strptime(f | __timeFormat("strptime"));"#,
    // It does not look whether the number of seconds has a date; gmtime does.
    #"def __strftime(f): strftime(f);"#,
    #"def strftime(f): (f | __timeFormat("strftime")) as $format"#,
    #"| if type == "number" then gmtime else . end | __strftime($format);"#,
    #"def todate: strftime("%Y-%m-%dT%H:%M:%SZ"); def todateiso8601: todate;"#,

    #"def __implode: implode;"#,
    #"def implode: if type == "array" and all(.[]; type == "number" and . >= 0 and . <= 1114111"#,
    #"and (. < 55296 or . > 57343)) then __implode else error("implode needs a list of code points") end;"#,

    // The processor's division of the least integer by -1 ends the process. The rest is 0 for any number.
    #"def __mod(a; b): a % b;"#,
    #"def _mod(a; b): b as $b | a as $a"#,
    #"| if [$a, $b | type == "number"] == [true, true] and $b <= -1 and $b > -2 then 0 else __mod($a; $b) end;"#,

    // Never ends for the empty text.
    #"def __find: if . == "" then error("an empty text is nowhere to be found") else . end;"#,
    #"def __indices(i): indices(i); def indices(i): __indices(i | __find);"#,
    #"def __index(i): index(i); def index(i): __index(i | __find);"#,
    #"def __rindex(i): rindex(i); def rindex(i): __rindex(i | __find);"#,

    // A short program and a number of the record would fill the memory.
    #"def __path: if type == "array" and any(.[]; type == "number" and . > 10000000)"#,
    #"then error("an index past 10,000,000") else . end;"#,
    #"def __setpath(p; v): setpath(p; v); def setpath(p; v): __setpath(p | __path; v);"#,
    #"def __assign(p; v): _assign(p; v); def _assign(p; v): __assign(getpath(path(p) | __path); v);"#,
    #"def __modify(p; f): _modify(p; f); def _modify(p; f): __modify(getpath(path(p) | __path); f);"#,
    #"def __multiply(a; b): a * b;"#,
    #"def _multiply(a; b): b as $b | a as $a"#,
    #"| if ($a | type) == "string" and ($b | type) == "number" and __multiply($a | utf8bytelength; $b) > 268435456"#,
    #"then error("a text of more than 256 MiB") else __multiply($a; $b) end;"#,
  ]

  /// One line, so that the program's own line numbers hold.
  static let text: String = {
    let refusals = refused.map { name, parameters in
      let signature = parameters.isEmpty ? name : "\(name)(\(parameters))"
      return "def \(signature): error(\"\(name) is not allowed: a result may depend on the record alone\");"
    }
    return (refusals + guarded).joined(separator: " ") + " "
  }()
}
