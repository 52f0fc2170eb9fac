/// Definitions that stand before every jq program and shadow what depends on anything but the record, or breaks libjq.
enum JQPrelude {
  /// Names and arities whose use fails when it is reached.
  private static let refused: [(name: String, parameters: String)] = [
    ("now", ""), ("env", ""), ("input", ""), ("inputs", ""), ("input_filename", ""), ("input_line_number", ""),
    ("debug", ""), ("debug", "m"), ("stderr", ""), ("localtime", ""), ("strflocaltime", "f"), ("halt", ""),
    ("halt_error", ""), ("halt_error", "c"), ("modulemeta", ""), ("get_search_list", ""), ("get_prog_origin", ""),
    ("get_jq_origin", ""),
  ]

  /// `%s` is the local time zone's in C; a zone's name is the machine's.
  private static let timeFormats = ["strftime", "strptime"]

  /// One line, so that the program's own line numbers hold.
  static let text: String = {
    var text = ""
    for (name, parameters) in refused {
      let signature = parameters.isEmpty ? name : "\(name)(\(parameters))"
      text +=
        "def \(signature): error(\"\(name) is not allowed: a result may depend on the record alone\"); "
    }
    for name in timeFormats {
      text += "def __\(name)(f): \(name)(f); "
      text += "def \(name)(f): f as $format "
      text += "| if ($format | type) == \"string\" and ($format | test(\"%[-_0^#EO]*[0-9]*[sZ]\")) "
      text += "then error(\"\(name) with %s or %Z is not allowed: it depends on the machine's time zone\") "
      text += "else __\(name)($format) end; "
    }
    // libjq 1.6 ends the process when it is asked for a character that there is not.
    text += "def __implode: implode; "
    text += "def implode: if type == \"array\" and all(.[]; type == \"number\" and . >= 0 and . <= 1114111 "
    text += "and (. < 55296 or . > 57343)) "
    text += "then __implode else error(\"implode needs a list of code points\") end; "
    return text
  }()
}
