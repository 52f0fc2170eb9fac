import JSONTape
import Testing

@testable import Stages

@Suite struct ConfigurationSliceTests {
  private func source(_ lines: String) throws -> Source {
    try Configuration.read("version: 1\nsources:\n  - {name: a, \(lines)}\n", fileName: "distill.yaml").sources[0]
  }

  private func withoutPlaces(_ source: Source) -> Source {
    var source = source
    source.place = nil
    source.filesPlace = nil
    for lookup in source.lookups.indices { source.lookups[lookup].place = nil }
    for part in source.parts.indices {
      for probe in source.parts[part].probes.indices { source.parts[part].probes[probe].place = nil }
    }
    return source
  }

  @Test(arguments: [
    "files: a.jsonl, map: {run_id: /id}",
    "files: a.json, records: /*, never: [/b, $root/x/y, /a/*/c], map: {run_id: /id}",
    "files: a.jsonl, never: /x, map: {run_id: /id}, parts: [{only: 'a*', never: [/y]}, {only: 'b*'}]",
    "files: a.jsonl, lookups: {t: {files: t/*.json, records: /*, key: '{/s}-{/i}'}, s_1: {files: [s.jsonl], ignore: x, "
      + "format: jsonl, key: /i}}, map: {run_id: /id, prompt: {lookup: t, key: /t, value: /p}, "
      + "text: {from: [/x, {lookup: s_1, key: '{/t}', value: /p}], optional: true}, "
      + "score: {lookup: t, key: /t, value: /n, optional: true}}",
    "files: a.jsonl, kind: comparison, map: {a: {text: /a}, b: {text: /b, run_id: /r, model_name: gpt}}, "
      + "votes: [/v, {from: /w, optional: true}], winner: {1: a, 'x': b, true: tie}, decide: unanimous",
    "files: a.jsonl, kind: comparison, map: {run_id: /i, a: {text: /a}, b: {text: /b}}, votes: /v, "
      + "winner: [{vote: 1, is: a}, {vote: '1', is: b}, {vote: 1.5, is: tie}]",
    "files: [a.json, b/*.json], ignore: b/x.json, records: /*, unit: element, format: json, map: {run_id: /id}",
    "files: a.jsonl, jq: '.[]'",
    "files: a.jsonl, jq: '.[]', kind: verdict, map: {about: {run_id: /r, kind: verdict, source: a}}",
    "files: a.jsonl, kind: extraction, map: {run_id: /r, about: {task_id: {from: /t, optional: true}}}",
    "files: a.jsonl, repository: ../x, max_record_bytes: 5, time_zone: '-03:30', map: {run_id: '{$path}:{$line}'}",
    "files: a.jsonl, map: {run_id: [/a, '{/b}-{{}}', {const: /x}], score: {from: [/s, /t], optional: true}}",
    "files: a.jsonl, map: {run_id: '{sha256:/a,$root/b}', messages: {from: /m, shape: anthropic, optional: true}}",
    "files: a.jsonl, map: {run_id: /a, text: [{last: /m, role: user}, {jq: .x}], prompt: {last: /m, final: true}}",
    "files: a.jsonl, map: {run_id: /a, validation_results: {from: /v, optional: true}}",
    "files: a.jsonl, map: {run_id: /a, validation_results: {b: /b, a: {const: {z: 1.0, y: [1, null]}}, c: 1.50}}",
    "files: a.jsonl, map: {run_id: /a, source_files: [a, b], success_markers: [/x, y], failure_markers: {const: [/a]}}",
    "files: a.jsonl, map: {run_id: /a, judged_by: {kind: model, name: 'm-{/j}'}}, judged_by: {kind: human}",
    "files: ['{m}/a.jsonl', b.jsonl], map: {run_id: /a, model_name: {from: '{m}', optional: true}}",
    "files: ['{m}/a.jsonl', b.jsonl], map: {run_id: /a, model_name: {from: ['{m}', /m], optional: true}}",
    "files: a.jsonl, map: {run_id: /a, model_name: {from: ['{m}', /m], optional: true}}",
    "files: a.jsonl, map: {run_id: /a}, verdict: [{when: {/a/*: {every: true}, /b: {present: true}}, is: accepted}]",
    "files: a.jsonl, map: {run_id: /a}, verdict: [{when: {/a: {at_least: 1, below: 2}}, is: rejected, optional: true}]",
    "files: a.jsonl, map: {run_id: /a}, verdict: [{when: {$root/a: [1.0, x, null]}, is: skipped}, {otherwise: rejected}]",
    "files: a.jsonl, map: {run_id: /a, score: /s}, thresholds: {score: {accept_at: 1.0, partial_at: 0}}",
    "files: a.jsonl, map: {run_id: /a}, parts: [{only: 'a*'}, {only: 'b*', kind: extraction, verdict: []}]",
    "files: 'x/{model}/*.jsonl', preset: m-ifeval",
    "files: 'x/*.json', preset: tau-bench",
    "files: 'x/*.json', preset: bashkit-eval, map: {model_name: null, text: /x}",
    "files: 'x/*.jsonl', preset: lakehouse",
  ])
  func `a source is equal to the one that its slice describes`(lines: String) throws {
    let source = try source(lines)
    let again = try Source(slice: JSON.parse(source.slice.canonical))
    #expect(again == withoutPlaces(source))
    #expect(again.slice == source.slice)
  }

  @Test func `what is written differently and means the same has one slice`() throws {
    let short = try source(
      "files: a.jsonl, map: {run_id: /id, model_name: 5}, verdict: [{when: {/b: 1, /a: 2}, is: skipped}]")
    let long = try source(
      """
      files: [./a.jsonl], kind: run, records: "", ignore: [], max_record_bytes: 67108864, time_zone: Z,
          map: {model_name: {const: "5"}, run_id: {from: /id}},
          verdict: [{when: {/a: 2.0, /b: 1}, is: skipped, optional: false}]
      """)
    #expect(short.slice.canonicalString == long.slice.canonicalString)
    #expect(
      short.slice.canonicalString
        == #"{"files":["a.jsonl"],"max_record_bytes":67108864,"name":"a","parts":[{"kind":"run","#
        + #""map":{"model_name":{"const":"5"},"run_id":"/id"},"time_zone":"UTC","#
        + #""verdict":[{"is":"skipped","when":{"/a":2,"/b":1}}]}],"records":""}"#)
  }
}
