import Foundation
import JSONTape
import Receipts
import Testing

@Suite("Signed attestations")
struct AttestTests {
  /// A built workspace, signed, with the keys beside it.
  static func signed() throws -> (space: TestSpace, keys: TestSpace) {
    let (space, keys) = (try Lab.built(), try TestSpace("keys"))
    let made = try keys.run("keygen", "k.pem")
    guard made.exitCode == 0 else { throw TestSpaceError(made.stderr) }
    let result = try space.run("attest", "--key", keys.path("k.pem"))
    guard result.exitCode == 0 else { throw TestSpaceError(result.stderr) }
    return (space, keys)
  }

  private static func file(_ stage: String) -> String { "receipts/\(stage)/attestation.intoto.jsonl" }

  @Test("keygen makes a pair that OpenSSL reads, the private half for its owner alone, and writes over nothing")
  func keygen() throws {
    let space = try TestSpace()
    let result = try space.run("keygen", "k.pem")
    #expect(result.exitCode == 0 && result.stdout.count == 65)
    #expect(space.state()["k.pem"].map { $0.mode & 0o777 } == 0o600)
    #expect(space.state()["k.pem.pub"].map { $0.mode & 0o133 } == 0)
    let derived = try Machine.run(["openssl", "pkey", "-in", "k.pem", "-pubout"], in: space.root)
    #expect(try derived.stdout == space.read("k.pem.pub"))
    let before = try space.read("k.pem")
    #expect(try space.run("keygen", "k.pem").exitCode == 73)
    #expect(try space.read("k.pem") == before)
    try space.remove("k.pem")
    #expect(try space.run("keygen", "k.pem").exitCode == 73)
    #expect(!space.exists("k.pem"))
  }

  @Test("what was signed is found good by the key, and by no other; signing again gives the same bytes")
  func good() throws {
    let (space, keys) = try Self.signed()
    let first = try TestSpace.stages.map { try space.bytes(Self.file($0)) }
    #expect(try space.audit("--public-key", keys.path("k.pem.pub")) == [])
    #expect(try space.audit() == [])
    #expect(try space.run("attest", "--key", keys.path("k.pem")).exitCode == 0)
    #expect(try TestSpace.stages.map { try space.bytes(Self.file($0)) } == first)
    #expect(try keys.run("keygen", "other.pem").exitCode == 0)
    #expect(
      try space.audit("--public-key", keys.path("other.pem.pub"))
        == TestSpace.stages.map { "attestation-invalid \(Self.file($0))" }.sorted())
    try space.remove(Self.file("score"))
    #expect(
      try space.audit("--public-key", keys.path("k.pem.pub")) == ["attestation-missing \(Self.file("score"))"])
  }

  @Test("a key of openssl genpkey signs; one with a passphrase, of another kind or for checking only does not")
  func otherKeys() throws {
    let space = try Lab.built()
    func openssl(_ arguments: String...) throws {
      let result = try Machine.run(["openssl"] + arguments, in: space.root)
      try #require(result.exitCode == 0, "\(result.stderr)")
    }
    try openssl("genpkey", "-algorithm", "ed25519", "-out", "own.pem")
    try openssl("pkey", "-in", "own.pem", "-pubout", "-out", "own.pub")
    try openssl("genpkey", "-algorithm", "rsa", "-out", "rsa.pem")
    try openssl("genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:secret", "-out", "locked.pem")
    for key in ["rsa.pem", "locked.pem", "own.pub", "distill.yaml"] {
      let result = try space.run("attest", "--key", key)
      #expect(result.exitCode == 65, "\(key): \(result.stderr)")
      #expect(!space.exists(Self.file("score")))
    }
    #expect(try space.run("attest", "--key", "nothing.pem").exitCode == 74)
    for arguments in [
      ["attest", "--key", "logs"], ["attest", "--key", "/dev/null"], ["audit", "--public-key", "logs"],
    ] {
      let result = try space.start(arguments).wait()
      #expect(result.exitCode == 74)
      #expect(
        result.stderr == """
          distill-make: \(arguments[2]): it is not a regular file
            Name a file: folders and pipes are not read.

          """)
    }
    #expect(try space.run("attest", "--key", "own.pem", "score").exitCode == 0)
    #expect(space.exists(Self.file("score")) && !space.exists(Self.file("export-rag")))
    #expect(try space.run("attest", "--key", "own.pem").exitCode == 0)
    #expect(try space.audit("--public-key", "own.pub") == [])
    #expect(try space.run("audit", "--public-key", "rsa.pem").exitCode == 65)
  }

  @Test("nothing is signed that does not hold")
  func refusal() throws {
    let space = try Lab.built()
    #expect(try space.run("keygen", "k.pem").exitCode == 0)
    try space.write("exports/rag/playbooks.jsonl", "")
    let result = try space.run("attest", "--key", "k.pem")
    #expect(result.exitCode == 1)
    #expect(result.stdout.contains("output-changed  exports/rag/playbooks.jsonl"))
    #expect(!space.exists(Self.file("export-rag")))
  }

  @Test("a set that was edited and made to fit again is found by the signatures")
  func forgery() throws {
    let (space, keys) = try Self.signed()
    let forgery = Forgery(space: space)
    try forgery.edit("exports/sft/instruction_response.jsonl") { row in
      var row = row
      row["response"] = "Whatever you like."
      return row
    }
    try forgery.fit()
    let found = try space.audit("--public-key", keys.path("k.pem.pub"))
    #expect(found.contains("attestation-differs \(Self.file("export-sft"))"))
    #expect(!found.contains { $0.hasPrefix("attestation-differs") && !$0.hasSuffix(Self.file("export-sft")) })
    #expect(found.contains("row-differs exports/sft/instruction_response.jsonl"))
    // Signed by the forger it is no better.
    #expect(try keys.run("keygen", "forger.pem").exitCode == 0)
    #expect(try space.run("attest", "--key", keys.path("forger.pem")).exitCode == 0)
    #expect(
      try space.audit("--public-key", keys.path("k.pem.pub")).contains(
        "attestation-invalid \(Self.file("export-sft"))"))
  }

  /// Arguments: a public key, then attestations. Verifies and parses each line with the libraries of securesystemslib
  /// and in-toto, and prints what the statements say.
  private static let script = """
    import json, sys
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
    from google.protobuf import json_format
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import SSlibKey

    predicates = {
        "https://slsa.dev/provenance/v1": provenance_pb2.Provenance,
        "https://in-toto.io/attestation/test-result/v0.1": test_result_pb2.TestResult,
    }
    with open(sys.argv[1], "rb") as file:
        public = load_pem_public_key(file.read()).public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    found = []
    for name in sys.argv[2:]:
        for line in open(name, encoding="utf-8"):
            envelope = Envelope.from_dict(json.loads(line))
            keyid = json.loads(line)["signatures"][0]["keyid"]
            envelope.verify([SSlibKey(keyid, "ed25519", "ed25519", {"public": public})], 1)
            payload = json.loads(envelope.payload)
            statement = json_format.ParseDict(payload, statement_pb2.Statement())
            Statement.copy_from_pb(statement).validate()
            json_format.ParseDict(payload["predicate"], predicates[statement.predicate_type]())
            found.append(payload)
    print(json.dumps(found))
    """

  @Test(
    "securesystemslib verifies the envelopes, and in-toto-attestation reads the statements",
    .enabled(if: Machine.hasPython))
  func libraries() throws {
    let (space, keys) = try Self.signed()
    let folder = keys.path("environment")
    let made = try Machine.run(["python3", "-m", "venv", folder])
    if made.exitCode != 0 { try Test.cancel("python3 makes no virtual environment: \(made.stdout)\(made.stderr)") }
    let python = folder + "/bin/python"
    let installed = try Machine.run([
      python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1",
      "securesystemslib[crypto]", "in-toto-attestation",
    ])
    if installed.exitCode != 0 { try Test.cancel("pip can't install the libraries: \(installed.stderr)") }
    try keys.write("read.py", Self.script)
    let result = try Machine.run(
      [python, keys.path("read.py"), keys.path("k.pem.pub")] + TestSpace.stages.map(Self.file), in: space.root)
    try #require(result.exitCode == 0, "\(result.stderr)")
    let statements = try JSON.parse(Array(result.stdout.utf8)).array ?? []
    #expect(statements.count == 2 * TestSpace.stages.count)
    for (number, stage) in TestSpace.stages.enumerated() {
      let receipt = try space.receipt(stage)
      let digest = Digest.of(try space.bytes("receipts/\(stage)/receipt.json")).hex
      let outputs = (receipt["core"]?["outputs"]?.array ?? []).map { $0["sha256"] }
      for statement in statements[2 * number..<2 * number + 2] {
        let subjects = (statement["subject"]?.array ?? []).map { $0["digest"]?["sha256"] }
        #expect(subjects == [.string(digest)] + outputs)
      }
      let provenance = statements[2 * number]["predicate"]
      let inputs = (receipt["core"]?["inputs"]?.array ?? []).map { $0["sha256"] }
      let dependencies = provenance?["buildDefinition"]?["resolvedDependencies"]?.array ?? []
      #expect(dependencies.map { $0["digest"]?["sha256"] } == inputs)
      #expect(
        provenance?["buildDefinition"]?["externalParameters"]?["parameters"]?.canonicalString
          == receipt["core"]?["parameters"]?.canonicalString)
      #expect(statements[2 * number + 1]["predicate"]?["result"] == "PASSED")
    }
  }
}
