import Testing

@Suite("Report page")
struct ReportPageTests {
  @Test("the whole page of a small workspace")
  func page() throws {
    let lines = try ReportSpace.complete().markdown.split(separator: "\n", omittingEmptySubsequences: false)
    let expected = smallPage.split(separator: "\n", omittingEmptySubsequences: false)
    for (line, expected) in zip(lines, expected) { #expect(line == expected) }
    #expect(lines.count == expected.count)
  }
}

// swift-format-ignore
private let smallPage = #"""
# Distillation report

**PASS** since 2026-04-26T08:00:32Z, git `abababababab` (clean), distill-make 1.0.0 (`7c9bbe5ec9b3`).

## Stages

| stage             | state | records in | rows out | quarantined | actions run | cached |  time | per second | finished             | git            | receipt        |
| ----------------- | ----- | ---------: | -------: | ----------: | ----------: | -----: | ----: | ---------: | -------------------- | -------------- | -------------- |
| build-evidence    | pass  |      1,205 |    1,200 |           5 |           3 |      1 | 1.0 s |   602.3 kB | 2026-04-26T08:00:10Z | `abababababab` | `370adcd33aba` |
| score             | pass  |      1,200 |    1,198 |           0 |           3 |      1 | 1.0 s |   599.5 kB | 2026-04-26T08:00:20Z | `abababababab` | `2d073c7ba949` |
| export-rag        | pass  |      1,198 |      900 |         298 |           3 |      1 | 1.0 s |   825.5 kB | 2026-04-26T08:00:30Z | `abababababab` | `cfcf3470c3be` |
| export-sft        | pass  |      1,198 |      900 |         298 |           3 |      1 | 1.0 s |   824.5 kB | 2026-04-26T08:00:31Z | `abababababab` | `43f8feea9426` |
| export-preference | pass  |      1,198 |        0 |           0 |           3 |      1 | 1.0 s |   599.5 kB | 2026-04-26T08:00:32Z | `abababababab` | `bd3e7ed03085` |

Warnings of build-evidence: 1.

- logs/b.jsonl.gz ends early

## Sources

| source | records read | evidence | not usable | duplicates | accepted | partially accepted | rejected | needs human review |
| ------ | -----------: | -------: | ---------: | ---------: | -------: | -----------------: | -------: | -----------------: |
| `lab`  |        1,205 |    1,200 |          1 |          4 |      900 |                  0 |      296 |                  2 |

## Why records were stopped

### export-rag

**900 of 1,198 scored runs (75.1 %) exported**, with `include_review: false`.

| what became of the scored runs | runs |  share | meaning                                    |
| ------------------------------ | ---: | -----: | ------------------------------------------ |
| `unsafe_rag_category`          |  296 | 24.7 % | was rejected: never a playbook             |
| `category_disallowed`          |    2 |  0.2 % | is of a kind that the parameters leave out |
| exported                       |  900 | 75.1 % | `accepted` 900                             |

### export-sft

**900 of 1,198 scored runs (75.1 %) exported**, with `dedupe: "none"`, `include_partial: false`, `require_judge: []`.

| what became of the scored runs | runs |  share | meaning                                      |
| ------------------------------ | ---: | -----: | -------------------------------------------- |
| `unsafe_sft_category`          |  298 | 24.9 % | was rejected or needs review: never a sample |
| exported                       |  900 | 75.1 % | `accepted` 900                               |

### export-preference

**0 pairs** from 0 of 1,198 scored runs, with `max_pairs_per_task: 5`.

| what became of the scored runs |  runs |  share | meaning                                                                  |
| ------------------------------ | ----: | -----: | ------------------------------------------------------------------------ |
| stopped by the firewall        |     0 |    0 % |                                                                          |
| not a candidate                |     2 |  0.2 % | needs human review, is no run, or is partial beside a rejected one       |
| without partner                | 1,196 | 99.8 % | nothing of another category for its task and prompt, or its text repeats |
| over the cap                   |     0 |    0 % | the task has as many pairs as max\_pairs\_per\_task allows               |
| used in pairs                  |     0 |    0 % |                                                                          |

## How runs were scored

1,198 scored runs: `accepted` 900 (75.1 %), `rejected` 296 (24.7 %), `needs_human_review` 2 (0.2 %).

| rule that decided  |  runs |  share | meaning                         |
| ------------------ | ----: | -----: | ------------------------------- |
| `verdict`          | 1,196 | 99.8 % | its verdict                     |
| `verdict_conflict` |     2 |  0.2 % | its verdicts differ: for review |

Judged by: `test` 1,196 (99.8 %), `none` 2 (0.2 %).

## Judgements and duplicates

- 2 judgements: 1 found their run, **1 did not**
- 2 runs with conflicting verdicts: need human review
- 4 records with the identity of an earlier one: quarantined, the first stays
- 7 SFT samples with the instruction and response of an earlier one: exported; `exports.sft.dedupe: exact` leaves them out

Judgements without a run:

- `notes/x.jsonl:4` about `{"run_id":"gone"}`

## Mapped fields

| source | records | constant            | found in all | found in some                  | found in none  |
| ------ | ------: | ------------------- | ------------ | ------------------------------ | -------------- |
| `lab`  |   1,200 | `model_role: coder` | `run_id`     | `text` 99.9 %, `prompt` 50.0 % | **`cost_usd`** |

## Exports

| file                                       | rows |     size | tasks | length p10 |   p50 |    p90 | sha256         |
| ------------------------------------------ | ---: | -------: | ----: | ---------: | ----: | -----: | -------------- |
| `exports/rag/playbooks.jsonl`              |  900 | 225.0 kB |    40 |         80 | 1,200 | 20,000 | `fdf23a761867` |
| `exports/sft/instruction_response.jsonl`   |  900 | 225.0 kB |    40 |         80 | 1,200 | 20,000 | `05f3790aaa61` |
| `exports/preference/chosen_rejected.jsonl` |    0 |      0 B |     0 |          – |     – |      – | `ccbec010a2bc` |

Lengths are UTF-16 code units of the text, the response or the chosen text.

12 rows of export-sft without `messages`, though the run has some: none of the assistant is the response (see *Messages* in docs/CONFIGURATION.md).

- Models of export-rag: `kimi-k2` 700, unknown 200
- Models of export-sft: `kimi-k2` 900

## What changed

These are the first receipts of this workspace.

## Quarantine

| stage          | reason                | records | for example                                              |
| -------------- | --------------------- | ------: | -------------------------------------------------------- |
| build-evidence | `duplicate_id`        |       4 | `logs/a.jsonl:9`, `logs/a\|b.jsonl:1`, `logs/a.jsonl:11` |
| build-evidence | `schema_violation`    |       1 | `logs/a.jsonl:7`                                         |
| export-rag     | `unsafe_rag_category` |     296 | `logs/a.jsonl:1`, `logs/a.jsonl:2`, `logs/a.jsonl:3`     |
| export-rag     | `category_disallowed` |       2 | `exports/quarantine/rag.jsonl:5`                         |
| export-sft     | `unsafe_sft_category` |     298 | none near the start of `exports/quarantine/sft.jsonl`    |

## How to check it

In the workspace: are the files those that the receipts list, and are the receipts whole?

```sh
sha256sum --quiet -c receipts/*/outputs.sha256
for file in receipts/*/receipt.json; do
  hash=$(sed 's/,"receipt_sha256":"[0-9a-f]*"//' "$file" | sha256sum | cut -d ' ' -f 1)
  grep -q "\"receipt_sha256\":\"$hash\"" "$file" && echo "$file: OK" || echo "$file: FAILED"
done
```

`receipts/build-evidence/inputs.sha256` does the same for the logs; one that has grown since is reported there.

"""#
