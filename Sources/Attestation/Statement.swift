import JSONTape
import Receipts

/// in-toto Statements (v1) about one receipt: a pure function of its bytes.
package enum Statement {
  package static let payloadType = "application/vnd.in-toto+json"
  package static let type = "https://in-toto.io/Statement/v1"
  package static let provenanceType = "https://slsa.dev/provenance/v1"
  package static let testResultType = "https://in-toto.io/attestation/test-result/v0.1"

  /// Names of ours in the predicates; they are no addresses.
  private static let buildType = "urn:distill-make:stage:v1"
  private static let builder = "urn:distill-make:local"

  /// SLSA provenance v1: what was built of what, by which program.
  package static func provenance(_ receipt: Receipt, bytes: [UInt8]) -> JSON {
    let core = receipt.core
    var dependencies = core.inputs.map(file)
    if let git = receipt.git {
      dependencies.append([
        "name": "git commit around the workspace", "digest": ["gitCommit": .string(git.sha)],
        "annotations": ["dirty": .bool(git.dirty)],
      ])
    }
    return statement(
      receipt, bytes, provenanceType,
      [
        "buildDefinition": [
          "buildType": .string(buildType),
          "externalParameters": ["stage": .string(receipt.stage.text), "parameters": core.parameters],
          "internalParameters": ["key": .string(core.key.hex)],
          "resolvedDependencies": .array(dependencies),
        ],
        "runDetails": [
          "builder": [
            "id": .string(builder),
            "version": [core.tool.name: .string(core.tool.version)],
            "builderDependencies": [
              ["name": .string(core.tool.name), "digest": ["sha256": .string(core.tool.digest.hex)]]
            ],
          ],
          "metadata": [
            "invocationId": .string(Digest.of(bytes).hex), "startedOn": .string(receipt.run.startedAt.text),
            "finishedOn": .string(receipt.run.finishedAt.text),
          ],
          "byproducts": [
            byproduct("record_counts", core.recordCounts), byproduct("validation", validation(core)),
          ],
        ],
      ])
  }

  /// The test-result predicate (v0.1): whether the stage's own checks passed.
  package static func testResult(_ receipt: Receipt, bytes: [UInt8]) -> JSON {
    func names(_ pass: Bool) -> JSON {
      .array(receipt.core.validation.filter { $0.pass == pass }.map { .string($0.name) })
    }
    return statement(
      receipt, bytes, testResultType,
      [
        "result": receipt.core.validationPass ? "PASSED" : "FAILED",
        "configuration": [
          ["name": "core", "digest": ["sha256": .string(Digest.of(ReceiptCodec.bytes(of: receipt.core)).hex)]]
        ],
        "passedTests": names(true), "warnedTests": [], "failedTests": names(false),
      ])
  }

  /// The receipt by its file's digest, and every output.
  private static func statement(
    _ receipt: Receipt, _ bytes: [UInt8], _ predicateType: String, _ predicate: JSON
  ) -> JSON {
    let own: JSON = [
      "name": .string("receipts/\(receipt.stage)/receipt.json"),
      "digest": ["sha256": .string(Digest.of(bytes).hex)],
    ]
    return [
      "_type": .string(type), "subject": .array([own] + receipt.core.outputs.map(file)),
      "predicateType": .string(predicateType), "predicate": predicate,
    ]
  }

  private static func file(_ file: Receipt.File) -> JSON {
    ["name": .string(file.path.string), "digest": ["sha256": .string(file.digest.hex)]]
  }

  private static func byproduct(_ name: String, _ value: JSON) -> JSON {
    [
      "name": .string(name), "mediaType": "application/json", "content": .string(Base64.encode(value.canonical)),
    ]
  }

  private static func validation(_ core: Receipt.Core) -> JSON {
    ReceiptCodec.coreTree(core)["validation"] ?? .null
  }
}
