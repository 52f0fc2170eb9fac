import Foundation
import JSONTape
import Testing

@Suite("The published schemas", .enabled(if: Machine.hasPython, "python3 is not here"))
struct SchemaTests {
  /// Record, and where a build puts such rows.
  private static let records = [
    ("evidence", "data/evidence"), ("scored-run", "data/scored-runs"), ("rag", "exports/rag"), ("sft", "exports/sft"),
    ("preference", "exports/preference"), ("quarantine", "exports/quarantine"), ("receipt", "receipts"),
  ]

  /// Arguments: a schema, then files of rows. Says how many rows are valid, of how many; and how many of the first
  /// row's members can be taken away or be replaced by a list of a list without anyone noticing.
  private static let script = """
    import json, sys
    from jsonschema import Draft202012Validator

    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    rows = []
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8", newline="\\n") as file:
            rows += [json.loads(line) for line in file]
    errors = [error.message for row in rows for error in validator.iter_errors(row)]
    unnoticed = []
    for key in rows[0] if rows else []:
        for broken in ({k: v for k, v in rows[0].items() if k != key}, {**rows[0], key: [[]]}):
            if validator.is_valid(broken):
                unnoticed.append(key)
    if rows and validator.is_valid({**rows[0], "surplus": None}):
        unnoticed.append("surplus")
    print(json.dumps({"rows": len(rows), "errors": errors[:5], "unnoticed": unnoticed}))
    """

  /// A Python that has the package jsonschema, in a virtual environment of its own.
  private func python(_ space: TestSpace) throws -> String {
    let folder = space.path("environment")
    let made = try Machine.run(["python3", "-m", "venv", folder])
    if made.exitCode != 0 { try Test.cancel("python3 makes no virtual environment: \(made.stdout)\(made.stderr)") }
    let python = folder + "/bin/python"
    let installed = try Machine.run([
      python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "jsonschema",
    ])
    if installed.exitCode != 0 { try Test.cancel("pip can't install jsonschema: \(installed.stderr)") }
    return python
  }

  private func validate(_ record: String, _ files: [String], _ python: String, _ space: TestSpace) throws -> JSON {
    let schema = try space.run("schema", record)
    try #require(schema.exitCode == 0, "\(schema.stderr)")
    try space.write("tools/\(record).schema.json", schema.stdout)
    let result = try Machine.run([python, "validate.py", "\(record).schema.json"] + files, in: space.path("tools"))
    try #require(result.exitCode == 0, "\(record): \(result.stderr)")
    return try JSON.parse(Array(result.stdout.utf8))
  }

  @Test("hold for every row that the quickstart gives, and for no broken one, as JSON Schema understands them")
  func quickstart() throws {
    let tools = try TestSpace("tools")
    let python = try python(tools)
    let space = try TestSpace()
    for name in ["distill.yaml", "Examples"] {
      try FileManager.default.copyItem(atPath: TestSpace.repository + "/" + name, toPath: space.path(name))
    }
    try space.build()
    try space.write("tools/validate.py", Self.script)
    for (record, folder) in Self.records {
      let files = space.files(folder).filter { $0.hasSuffix(".jsonl") || $0.hasSuffix("/receipt.json") }
      let found = try validate(record, files.map(space.path), python, space)
      #expect(found["rows"]?.integer == Int64(try files.flatMap(space.rows).count))
      #expect(found["rows"]?.integer ?? 0 > 0 && found["errors"] == [], "\(record): \(found)")
      // What a source record is, is the source's own.
      let free: Set<String> = record == "quarantine" ? ["source_record"] : []
      let unnoticed = Set((found["unnoticed"]?.array ?? []).compactMap(\.string))
      #expect(unnoticed.isSubset(of: free), "\(record): \(unnoticed)")
    }

    // The one row that must never be: a rejected run as a sample.
    var sample = try #require(try space.rows("exports/sft/instruction_response.jsonl").first?.object)
    sample["quality_score"] = "rejected"
    try space.write("tools/rejected.jsonl", JSON.object(sample).encoded() + [UInt8(ascii: "\n")])
    let rejected = try validate("sft", [space.path("tools/rejected.jsonl")], python, space)
    #expect(rejected["rows"] == 1 && rejected["errors"]?.array?.count == 1)
  }
}
