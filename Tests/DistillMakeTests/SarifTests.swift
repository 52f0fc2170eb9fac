import Foundation
import JSONTape
import Receipts
import Testing

@testable import Audit

/// What SARIF 2.1.0 (OASIS Standard, 2020) asks of the objects that are written, and what code hosts add to it.
@Suite("SARIF 2.1.0")
struct SarifTests {
  /// Of each object that is written: the properties that the standard defines for it and that are used, and those it
  /// must have.
  private static let objects: [String: (known: Set<String>, required: Set<String>)] = [
    // 3.13
    "sarifLog": (["$schema", "version", "runs"], ["version", "runs"]),
    // 3.14
    "run": (["tool", "columnKind", "originalUriBaseIds", "results"], ["tool"]),
    // 3.18
    "tool": (["driver"], ["driver"]),
    // 3.19
    "toolComponent": (["name", "version", "rules"], ["name"]),
    // 3.49
    "reportingDescriptor": (["id", "shortDescription"], ["id"]),
    // 3.12
    "multiformatMessageString": (["text"], ["text"]),
    // 3.27
    "result": (["ruleId", "ruleIndex", "level", "message", "locations", "properties"], ["message"]),
    // 3.11; a result's message has a text or an id.
    "message": (["text"], ["text"]),
    // 3.28, 3.29, 3.4, 3.30
    "location": (["physicalLocation"], []),
    "physicalLocation": (["artifactLocation", "region"], ["artifactLocation"]),
    "artifactLocation": (["uri", "uriBaseId"], ["uri"]),
    "baseLocation": (["description"], []),
    "region": (["startLine"], ["startLine"]),
  ]

  private func object(_ json: JSON?, _ name: String) throws -> JSON {
    let json = try #require(json, "\(name) is missing")
    let keys = Set(try #require(json.object, "\(name) is no object").map(\.key))
    let rules = try #require(Self.objects[name])
    #expect(keys.isSubset(of: rules.known), "\(name): \(keys.subtracting(rules.known))")
    #expect(rules.required.isSubset(of: keys), "\(name): \(rules.required.subtracting(keys))")
    return json
  }

  private func text(_ json: JSON?) throws -> String {
    let text = try #require(json?.string)
    #expect(!text.isEmpty)
    return text
  }

  private func check(_ log: JSON, results count: Int) throws {
    let log = try object(log, "sarifLog")
    #expect(log["version"] == "2.1.0")
    #expect(URL(string: try text(log["$schema"]))?.scheme == "https")
    #expect(log["runs"]?.array?.count == 1)
    let run = try object(log["runs"]?.array?.first, "run")
    // 3.14.17: one of two words.
    #expect(["utf16CodeUnits", "unicodeCodePoints"].contains(run["columnKind"]))
    let bases = try #require(run["originalUriBaseIds"]?.object)
    for base in bases { _ = try object(try object(base.value, "baseLocation")["description"], "message") }
    let driver = try object(try object(run["tool"], "tool")["driver"], "toolComponent")
    _ = try text(driver["name"])
    _ = try text(driver["version"])
    let rules = try (driver["rules"]?.array ?? []).map { try object($0, "reportingDescriptor") }
    let ids = try rules.map { try text($0["id"]) }
    #expect(Set(ids).count == ids.count)
    for rule in rules { _ = try text(try object(rule["shortDescription"], "multiformatMessageString")["text"]) }
    let results = try #require(run["results"]?.array)
    #expect(results.count == count)
    for result in results { try check(try object(result, "result"), ids, Set(bases.map(\.key))) }
  }

  private func check(_ result: JSON, _ rules: [String], _ bases: Set<String>) throws {
    // 3.27.6: where both are there, the rule at the index has that id.
    let index = Int(try #require(result["ruleIndex"]?.integer))
    #expect(rules.indices.contains(index) && .string(rules[index]) == result["ruleId"])
    // 3.27.10
    #expect(["none", "note", "warning", "error"].contains(result["level"]))
    _ = try text(try object(result["message"], "message")["text"])
    // 3.8: a property bag is an object; what is in it is the tool's own.
    #expect(result["properties"]?.object != nil)
    let locations = try #require(result["locations"]?.array)
    #expect(locations.count == 1)
    let place = try object(try object(locations.first, "location")["physicalLocation"], "physicalLocation")
    let artifact = try object(place["artifactLocation"], "artifactLocation")
    // 3.4.3, 3.4.4: a relative reference (RFC 3986), and the base that it is relative to; it neither leaves that nor
    // begins with a slash.
    let uri = try text(artifact["uri"])
    let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/%".unicodeScalars)
    #expect(uri.unicodeScalars.allSatisfy(allowed.contains), "\(uri)")
    #expect(!uri.hasPrefix("/") && !uri.components(separatedBy: "/").contains(".."))
    #expect(URL(string: uri)?.scheme == nil && uri.removingPercentEncoding != nil)
    #expect(artifact["uriBaseId"]?.string.map(bases.contains) ?? false)
    // 3.30.5: lines count from 1.
    if let region = place["region"] { #expect((try object(region, "region")["startLine"]?.integer ?? 0) >= 1) }
  }

  @Test("every kind of finding, with whatever text and path, is an object of the standard")
  func everyCode() throws {
    var findings: [Finding] = []
    for code in FindingCode.allCases {
      findings.append(Finding(code, path: "receipts/score/receipt.json", expected: "this", found: ""))
      findings.append(
        Finding(
          code, .note, path: "logs/a b:c%/grüße#1?.jsonl", line: 1, member: "/core/key", expected: "\"\u{1}\"",
          found: String(repeating: "x", count: 1000)))
    }
    let log = Sarif.log(findings, version: "1.2.3")
    try check(log, results: findings.count)
    // It is JSON, whatever the texts.
    #expect(try JSON.parse(Array(log.pretty().utf8)) == log)
  }

  @Test("what the program writes is such a log, with findings and without")
  func written() throws {
    let space = try Lab.built()
    #expect(try space.run("audit", "--sarif", "good.sarif").exitCode == 0)
    try check(try space.json("good.sarif"), results: 0)
    try space.write("logs/2026-03-01.jsonl", "")
    try space.write("exports/rag/playbooks.jsonl", "{}\n")
    try space.remove("receipts/export-sft/receipt.json")
    let result = try space.start(["audit", "--json", "--sarif", "bad.sarif"]).wait()
    let count = try JSON.parse(Array(result.stdout.utf8))["results"]?.array?.count ?? 0
    #expect(count > 5)
    try check(try space.json("bad.sarif"), results: count)
  }
}
