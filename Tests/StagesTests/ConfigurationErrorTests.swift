import Receipts
import Testing

@testable import Stages

/// The texts that a person sees, letter by letter.
@Suite struct ConfigurationErrorTests {
  private func check(_ yaml: String, _ text: String, _ location: SourceLocation = #_sourceLocation) {
    #expect(sourceLocation: location) {
      try Configuration.read(yaml, fileName: "distill.yaml")
    } throws: { error in
      #expect("\(error)" == text, sourceLocation: location)
      #expect((error as? DistillError)?.code == .data, sourceLocation: location)
      return true
    }
  }

  @Test(arguments: [
    (
      "# nothing\n",
      "distill.yaml: the configuration is empty\n  `distill-make init` writes one for the logs it finds"
    ),
    ("[]", "distill.yaml:1:1: the configuration is a list, expected a mapping"),
    (
      "version: 1\nsource: []",
      "distill.yaml:2:1: unknown key `source`\n"
        + "  did you mean `sources`? keys of the configuration: version, sources, exports"
    ),
    ("sources: []", "distill.yaml:1:1: `version` is missing in the configuration"),
    ("version: 2\nsources: []", "distill.yaml:1:10: `version` is not 1, the only one that this program reads"),
    ("version: '1'\nsources: []", "distill.yaml:1:10: `version` is not 1, the only one that this program reads"),
    ("version: 1\nsources: []", "distill.yaml:2:10: `sources` is empty\n  a build needs at least one source"),
    ("version: 1\nsources: a", "distill.yaml:2:10: `sources` is a text, expected a list of sources"),
    (
      "version: 1\nsources:\n  - {name: a, files: a.jsonl, map: {run_id: /i}}\n  - {name: a, files: b.jsonl, map: {run_id: /i}}",
      "distill.yaml:4:12: two sources are called `a`\n  the other stands at distill.yaml:3:5"
    ),
  ])
  func `of the file`(yaml: String, text: String) { check(yaml, text) }

  @Test func `a name that does not fit into the names of files`() throws {
    func file(_ length: Int) -> String {
      let name = String(repeating: "a", count: length)
      return "version: 1\nsources:\n  - {files: a.jsonl, map: {run_id: /i}, name: \(name)}"
    }
    #expect(try Configuration.read(file(100), fileName: "distill.yaml").sources.count == 1)
    check(
      file(101),
      "distill.yaml:3:47: the name of a source has 101 characters\n  at most 100: it becomes the name of files")
  }

  /// The lines stand in a source from line 4, column 5 on.
  @Test(arguments: [
    ("map: {run_id: /i}", "3:5: `files` is missing in a source"),
    (
      "fils: a.jsonl\nmap: {run_id: /i}",
      "4:5: unknown key `fils`\n  did you mean `files`? keys of a source: name, files, ignore, format, unit, records, "
        + "max_record_bytes, repository, preset, lookups, parts, kind, map, verdict, thresholds, jq, judged_by, time_zone, "
        + "never, votes, winner, decide"
    ),
    ("files: []", "4:12: `files` is an empty list"),
    ("files: {a: b}", "4:12: `files` is a mapping, expected a list of patterns"),
    ("files:\nmap: {}", "4:11: `files` is empty, expected a list of patterns"),
    ("files: [5]", "4:13: `files` is a number, expected a text\n  put quotes around it"),
    (
      "files: /var/log/*.jsonl",
      "4:12: `/var/log/*.jsonl` is absolute, and every path is below the workspace\n"
        + "  link the folder into the workspace, ln -s '/var/log' 'log', and write log/*.jsonl"
    ),
    (
      "files: a.jsonl\nmap: {run_id: response.id}",
      "5:19: `map.run_id` is the constant \"response.id\", so all runs would be one\n"
        + "  write a pointer, as in /response/id"
    ),
    (
      "files: a.jsonl\nkind: verdict\nmap: {run_id: {const: $.id}, about: {task_id: /t}}",
      "6:19: `map.run_id` is the constant \"$.id\", so all judgements would be one\n  write a pointer, as in /id"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /id, text: [the answer]}",
      "5:30: `map.text` is the constant \"the answer\", so all runs would say the same\n"
        + "  write a pointer, as in /response/id"
    ),
    (
      "files: a.jsonl\nkind: comparison\nmap: {a: {text: /a}, b: {text: b}}\nvotes: [/v]\nwinner: {1: a}",
      "6:36: `map.b.text` is the constant \"b\", so all comparisons would say the same\n  write a pointer, as in /b"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /id, timestamp: ts}",
      "5:35: `map.timestamp` is the constant \"ts\", which is not a time\n  a pointer begins with /, as in /ts"
    ),
    (
      "files: exports/rag/*.jsonl",
      "4:12: `exports/rag/*.jsonl` is in exports/, which this program writes\n  keep the logs in another folder"
    ),
    (
      "files: a.jsonl\nignore: '{x}.bak'", "5:13: `ignore` captures nothing\n  write * instead of {x}"
    ),
    (
      "files: a.jsonl\nformat: csv", "5:13: `format` can't be `csv`\n  it is one of: jsonl, json"
    ),
    (
      "files: a.jsonl\nunit: file\nmap: {run_id: /i}",
      "5:11: `unit: file` is for json, and the files are jsonl\n  write unit: line"
    ),
    (
      "files: a.json\nunit: line",
      "5:11: `unit: line` is for jsonl, and the files are json\n  write unit: element or unit: file"
    ),
    (
      "files: a.json\nunit: element\nrecords: /runs",
      "5:11: `unit: element` wants a * in `records`\n  as in records: /results/*, or records: /* for a plain list"
    ),
    (
      "files: a.json\nunit: file\nrecords: /runs/*",
      "5:11: `unit: file` makes one record of a file, and `records` has a *\n  write unit: element"
    ),
    (
      "files: a.jsonl\nrecords: /runs/*",
      "5:14: `records` looks into a document, and in jsonl each line is a record\n  take `records` away, or write format: json"
    ),
    (
      "files: a.json\nrecords: runs",
      "5:14: `records` is no pointer to records\n  as in /results/*, where * is every element or member; \"\" is the document"
    ),
    ("files: a.jsonl\nmax_record_bytes: 0", "5:23: `max_record_bytes` is 0, expected 1 to 4294967231"),
    ("files: a.jsonl\nmax_record_bytes: 1.5", "5:23: `max_record_bytes` is a number, expected a whole number"),
    (
      "files: a.jsonl\nrepository: /src/code",
      "5:17: `repository` is an absolute path, which is another on each machine\n"
        + "  write it as seen from the workspace, as in ../code"
    ),
    (
      "files: a.jsonl\nkind: runs",
      "5:11: `kind` can't be `runs`\n  did you mean `run`? it is one of: run, verdict, extraction, comparison"
    ),
    (
      "files: a.jsonl\ntime_zone: Europe/Berlin\nmap: {run_id: /i}",
      "5:16: `time_zone` can't be `Europe/Berlin`\n  write UTC, Z or an offset like +02:00; "
        + "what a zone's name means depends on the zone data of the machine"
    ),
    (
      "files: a.jsonl\npreset: tau-bensh",
      "5:13: there is no preset `tau-bensh`\n  did you mean `tau-bench`? presets: bashkit-eval, lakehouse, m-ifeval, tau-bench"
    ),
    (
      "files: a/*.jsonl\npreset: m-ifeval",
      "5:13: the preset `m-ifeval` needs {model} in every pattern of `files`\n"
        + "  write it where the name stands in the path, as in logs/{model}/*.jsonl"
    ),
    (
      "files: a.jsonl\ngroup: /run",
      "5:5: unknown key `group`\n  keys of a source: name, files, ignore, format, unit, records, "
        + "max_record_bytes, repository, preset, lookups, parts, kind, map, verdict, thresholds, jq, judged_by, time_zone, "
        + "never, votes, winner, decide"
    ),
  ])
  func `of a source`(lines: String, text: String) { checkSource(lines, text) }

  @Test(arguments: [
    (
      "files: a.jsonl",
      "3:5: `map` is missing in the source\n  map: {run_id: /id}, or \"{$stem}-{$line}\" where the log has none"
    ),
    (
      "files: a.jsonl\nmap: {text: /t}",
      "5:10: `map.run_id` is missing: a record is known by it\n"
        + "  map: {run_id: /id}, or \"{$stem}-{$line}\" where the log has none"
    ),
    (
      "files: a.jsonl\nkind: verdict\nmap: {run_id: /t}",
      "3:5: a judgement says in `map.about` what it is about\n  map: {about: {run_id: /run_id}}, or task_id"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /i, about: {run_id: /r}}",
      "5:30: `map.about` is for a judgement or an extraction\n  write kind: verdict or kind: extraction"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /i, txt: /t}",
      "5:23: unknown key `txt`\n  did you mean `text`? keys of map: run_id, task_id, timestamp, model_name, model_provider, "
        + "model_role, prompt, messages, text, source_files, git_sha, verdict, score, success_markers, failure_markers, "
        + "human_override, latency_ms, cost_usd, validation_results, about, judged_by"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /i, score: abc}",
      "5:30: `map.score` is a text, expected a number, a pointer or a list of them"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /i, score: '{/a}'}",
      "5:30: `map.score` can't be a template, which makes a text\n  write a pointer, as in /a/b"
    ),
    (
      "files: a.jsonl\nmap: {run_id: true}",
      "5:19: `map.run_id` is a boolean, expected a text, a pointer, a template or a list of them"
    ),
    (
      "files: a.jsonl\nmap: {run_id: {/task}-{/trial}}",
      "5:26: a `{` without its `}`\n  a template that begins with { needs quotes"
    ),
    (
      "files: a.jsonl\nmap: {run_id: {/task}}",
      "5:19: `map.run_id` is a mapping, expected an expression\n  a template that begins with { needs quotes"
    ),
    (
      "files: a.jsonl\nmap: {run_id: {form: /a}}",
      "5:19: `map.run_id` is a mapping with none of the keys that make an expression\n"
        + "  did you mean `from`? one of: from, last, const, jq, lookup"
    ),
    (
      "files: a.jsonl\nmap: {run_id: {from: /a, optinal: true}}",
      "5:30: unknown key `optinal`\n  did you mean `optional`? keys of {from: …}: from, optional, shape"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /a~2b}",
      "5:19: `/a~2b` is not a JSON Pointer\n  in a member's name ~0 stands for ~ and ~1 for /"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /a/*}",
      "5:19: `/a/*` has a *, and only one value is wanted here\n  * is for `records`, and for `every` and `any` of a rule"
    ),
    (
      "files: a.jsonl\nmap: {run_id: $stem}", "5:19: `$stem` stands without braces in `map.run_id`\n  write \"{$stem}\""
    ),
    (
      "files: a.jsonl\nmap: {run_id: 'x{/a'}",
      "5:19: `x{/a` has a { without a }\n  write {{ for the character itself"
    ),
    (
      "files: a.jsonl\nmap: {run_id: '{a/b}'}",
      "5:19: {a/b} is neither a pointer nor a capture\n"
        + "  {/a/b} is a pointer, {name} a capture of `files`; built in are {$path}, {$stem}, {$line} and {sha256:/a,/b}"
    ),
    (
      "files: a.jsonl\nmap: {run_id: '{sha256:/a, /b}'}",
      "5:19: {sha256:/a, /b} hashes ` /b`, which is not a pointer\n  as in {sha256:/a,/b}"
    ),
    (
      "files: 'x/{model}.jsonl'\nmap: {run_id: '{modle}'}",
      "5:19: {modle} is not captured by `files`\n  did you mean `model`? captured are: model"
    ),
    (
      "files: x.jsonl\nmap: {run_id: '{model}'}",
      "5:19: {model} is not captured by `files`\n  write it there where the name stands in the path, as in "
        + "logs/{model}/*.jsonl; a pointer begins with /"
    ),
    (
      "files: ['{model}/a.jsonl', b.jsonl]\nmap: {run_id: '{model}'}",
      "5:19: {model} is not captured by every pattern of `files`: b.jsonl has none\n"
        + "  write {model} there too, or {from: …, optional: true} here"
    ),
    (
      "files: a.jsonl\nmap: {run_id: [a, /b]}",
      "5:23: `map.run_id` never comes to this entry: the one before it always holds"
    ),
    ("files: a.jsonl\nmap: {run_id: [/a, [/b]]}", "5:24: `map.run_id` has a list inside a list"),
    (
      "files: a.jsonl\nmap: {run_id: [/a, {from: /b, optional: true}]}",
      "5:45: `optional` stands inside a list in `map.run_id`\n  write {from: […], optional: true} around the list"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /a, messages: [/b]}",
      "5:33: `map.messages` is a list, expected a pointer and a shape"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /a, messages: {from: /b, shape: claude}}",
      "5:51: `shape` can't be `claude`\n  it is one of: openai, anthropic"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /a, verdict: good}",
      "5:32: `map.verdict` can't be `good`\n  it is one of: accepted, partially_accepted, rejected, skipped"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /a, verdict: /v}\nverdict: [{otherwise: rejected}]",
      "5:32: `map.verdict` stands beside rules in `verdict`\n  keep the rules, or the field if the log uses our words"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /a, judged_by: {kind: llm}}",
      "5:41: `kind` can't be `llm`\n  it is one of: test, human, model, reward"
    ),
  ])
  func `of a map`(lines: String, text: String) { checkSource(lines, text) }

  /// The rules stand in line 6.
  @Test(arguments: [
    (
      "/ok",
      "14: `verdict` is a text, expected a list of rules\n"
        + "  a verdict that the log says in our words is mapped: map: {verdict: /…}"
    ),
    (
      "[{when: {/ok: true}}]", "15: `is` is missing in a rule"
    ),
    ("[{is: accepted}]", "15: `when` is missing in a rule\n  as in {when: {/ok: true}, is: accepted}"),
    ("[{when: {}, is: accepted}]", "22: an empty `when` would hold for every record"),
    (
      "[{when: {ok: true}, is: accepted}]",
      "23: `ok` is not a pointer\n  a pointer begins with / or is $root/…, as in {when: {/ok: true}, is: accepted}"
    ),
    (
      "[{when: {/ok: true}, is: pass}]",
      "39: `is` can't be `pass`\n  it is one of: accepted, partially_accepted, rejected, skipped"
    ),
    (
      "[{otherwise: accepted}]",
      "27: `otherwise: accepted` would let records through that no rule has looked at\n"
        + "  write what makes a run good as a `when`, and `otherwise: rejected`, or leave it out"
    ),
    (
      "[{otherwise: partially_accepted}]",
      "27: `otherwise: partially_accepted` would let records through that no rule has looked at\n"
        + "  write what makes a run good as a `when`, and `otherwise: rejected`, or leave it out"
    ),
    (
      "[{otherwise: rejected}, {when: {/ok: true}, is: accepted}]",
      "27: `otherwise` is not the last rule: the ones behind it would never be tried"
    ),
    (
      "[{otherwise: rejected, is: accepted}]",
      "41: `is` stands beside `otherwise`\n  make them two rules, `otherwise` the last"
    ),
    (
      "[{when: {/ok: {atleast: 1}}, is: accepted}]",
      "29: unknown key `atleast`\n  did you mean `at_least`? keys of a condition: at_least, below, present, every, any"
    ),
    ("[{when: {/ok: {at_least: x}}, is: accepted}]", "39: `at_least` is a text, expected a number"),
    ("[{when: {/ok: {at_least: 2, below: 1}}, is: accepted}]", "28: no number is at least 2.0 and below 1.0"),
    (
      "[{when: {/ok: {at_least: 2, present: true}}, is: accepted}]",
      "28: the condition on `/ok` says more than one thing\n"
        + "  one of at_least, below, present, every, any, or at_least and below together"
    ),
    ("[{when: {/ok: []}, is: accepted}]", "28: an empty list is never met"),
    (
      "[{when: {/ok: {every: true}}, is: accepted}]",
      "28: `every` and `any` want a * in the pointer, `/ok` has none\n  as in {/results/*/passed: {every: true}}"
    ),
    (
      "[{when: {/a/*: true}, is: accepted}]",
      "29: `/a/*` finds many values, and this compares one\n  write {every: …} or {any: …}"
    ),
  ])
  func `of rules`(rules: String, text: String) {
    checkSource("files: a.jsonl\nmap: {run_id: /i}\nverdict: \(rules)", "6:\(text)")
  }

  @Test(arguments: [
    (
      "files: a.jsonl\nmap: {run_id: /i, score: /s}\nthresholds: {score: {accept_at: 0.5, partial_at: 0.5}}",
      "6:54: `partial_at` is not below `accept_at`: nothing would be partially accepted"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /i, score: /s}\nthresholds: {score: {partial_at: 0.5}}",
      "6:25: `accept_at` is missing in thresholds.score"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /i}\nthresholds: {score: {accept_at: 0.5}}",
      "6:17: `thresholds.score` has no score to look at\n  map: {score: /score}"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /i}\nthresholds: {grounded_fraction: {accept_at: 0.5}}",
      "6:17: `thresholds.grounded_fraction` has no grounded fraction to look at\n"
        + "  map: {validation_results: {grounded_fraction: /grounded_fraction}}"
    ),
    ("files: a.jsonl\nparts: []", "5:12: `parts` is an empty list"),
    (
      "files: a.jsonl\nparts: [{map: {run_id: /i}, files: x}]",
      "5:33: unknown key `files`\n  keys of a part: only, kind, map, verdict, thresholds, jq, judged_by, time_zone, "
        + "never, votes, winner, decide"
    ),
    (
      "files: a.jsonl\nparts: [{only: x/a, map: {run_id: /i}}]",
      "5:20: `only` looks at the file's name alone, and `x/a` has folders\n  `files` names the folders"
    ),
    (
      "files: a.jsonl\nparts: [{only: 'x{a}', map: {run_id: /i}}]",
      "5:20: `only` captures nothing\n  write {a} in `files`, and * here"
    ),
    (
      "files: a.jsonl\nmap: {run_id: /i, score: /s}\nparts:\n  - {thresholds: {score: {accept_at: 1}}}\n  - {only: x*}",
      "8:9: two parts make `run` records of the same files with different thresholds\n"
        + "  give them the same thresholds, or files of their own with `only`; the other part stands at distill.yaml:7:9"
    ),
  ])
  func `of parts and thresholds`(lines: String, text: String) { checkSource(lines, text) }

  @Test(arguments: ["Runs", "-a", "a_b", "a.b", "''", "ä"])
  func `of a name that can't be part of a file's name`(name: String) {
    let shown = name == "''" ? "" : name
    check(
      "version: 1\nsources:\n  - name: \(name)\n    files: a.jsonl\n",
      "distill.yaml:3:11: `\(shown)` can't be the name of a source\n"
        + "  small letters, digits and -, a letter or digit in front: it becomes the name of files")
  }

  @Test(arguments: [
    (
      "heldout: {files: x}",
      "4:3: unknown key `heldout`\n  did you mean `holdout`? keys of exports: rag, sft, preference, holdout"
    ),
    ("rag: {include_review: 1}", "4:25: `include_review` is a number, expected true or false"),
    ("sft: {dedupe: all}", "4:17: `dedupe` can't be `all`\n  it is one of: none, exact"),
    (
      "sft: {require_judge: [humans]}",
      "4:25: `require_judge` can't be `humans`\n  did you mean `human`? it is one of: test, human, model, reward"
    ),
    ("preference: {max_pairs_per_task: 0}", "4:36: `max_pairs_per_task` is 0, expected 1 to 1000000"),
  ])
  func `of exports`(line: String, text: String) {
    check(
      "version: 1\nsources: [{name: a, files: a.jsonl, map: {run_id: /i}}]\nexports:\n  \(line)\n",
      "distill.yaml:\(text)")
  }

  private func checkSource(_ lines: String, _ text: String, _ location: SourceLocation = #_sourceLocation) {
    let indented = lines.split(separator: "\n").map { "    \($0)\n" }.joined()
    check("version: 1\nsources:\n  - name: a\n\(indented)", "distill.yaml:\(text)", location)
  }
}
