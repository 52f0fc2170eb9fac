import JSONTape
import Testing

@testable import Stages

@Suite struct EvidenceVerdictTests {
  private func verdict(_ rules: [VerdictRule], _ line: String) throws -> String? {
    try mapLines(simpleSource { $0.verdict = rules }, line + "\n").evidence[0]["verdict"]?.string
  }

  private func holds(_ pointer: String, _ test: Condition.Test, _ line: String) throws -> Bool {
    let rule = VerdictRule(conditions: [Condition(reference: reference(pointer), test: test)], verdict: .accepted)
    return try verdict([rule], #"{"id":"r","v":\#(line)}"#) == "accepted"
  }

  @Test func `types are strict and numbers compare by value`() throws {
    #expect(try holds("/v", .equals(true), "true"))
    #expect(try !holds("/v", .equals(true), #""true""#))
    #expect(try holds("/v", .equals(1), "1.0"))
    #expect(try holds("/v", .equals(0.5), "5e-1"))
    #expect(try !holds("/v", .equals("1"), "1"))
    #expect(try holds("/v", .oneOf(["a", "b"]), #""b""#))
    #expect(try holds("/v", .equals(nil), "null"))
    #expect(try !holds("/w", .equals(nil), "null"))
    // The same character in two normal forms is not the same text.
    #expect(try !holds("/v", .equals("\u{E9}"), #""e\u0301""#))
  }

  @Test func `bounds take numbers only`() throws {
    #expect(try holds("/v", .atLeast(0.9), "0.9"))
    #expect(try !holds("/v", .atLeast(0.9), "0.8999"))
    #expect(try holds("/v", .below(1), "-3"))
    #expect(try !holds("/v", .below(1), #""0""#))
  }

  @Test func `present means there and not null`() throws {
    #expect(try holds("/v", .present(true), "0"))
    #expect(try !holds("/v", .present(true), "null"))
    #expect(try holds("/v", .present(false), "null"))
    #expect(try holds("/w", .present(false), "1"))
  }

  @Test func `every and any look at all that is found`() throws {
    #expect(try holds("/v/*/ok", .every(true), #"[{"ok":true},{"ok":true}]"#))
    #expect(try !holds("/v/*/ok", .every(true), #"[{"ok":true},{"ok":false}]"#))
    #expect(try !holds("/v/*/ok", .every(true), "[]"))
    #expect(try holds("/v/*/ok", .any(true), #"{"a":{"ok":false},"b":{"ok":true}}"#))
  }

  @Test func `skipped is tried first, otherwise last`() throws {
    let rules = [
      VerdictRule(conditions: [Condition(reference: reference("/v"), test: .equals("yes"))], verdict: .accepted),
      VerdictRule(conditions: [Condition(reference: reference("/skip"), test: .equals(true))], verdict: .skipped),
      VerdictRule(conditions: [], verdict: .rejected),
    ]
    #expect(try verdict(rules, #"{"id":"r","v":"yes"}"#) == "accepted")
    #expect(try verdict(rules, #"{"id":"r","v":"yes","skip":true}"#) == "skipped")
    #expect(try verdict(rules, #"{"id":"r"}"#) == "rejected")
    #expect(try verdict(Array(rules.prefix(2)), #"{"id":"r"}"#) == nil)
  }

  @Test func `all conditions of a rule must hold`() throws {
    let rule = VerdictRule(
      conditions: [
        Condition(reference: reference("/a"), test: .equals(1)),
        Condition(reference: reference("/b"), test: .equals(2)),
      ], verdict: .accepted)
    #expect(try verdict([rule], #"{"id":"r","a":1,"b":2}"#) == "accepted")
    #expect(try verdict([rule], #"{"id":"r","a":1,"b":3}"#) == nil)
  }

  @Test func `a probe counts records in which it is found, evaluated or not`() throws {
    let source = simpleSource([
      .runID: at("/id", probe: 0), .text: .firstOf([at("/a"), at("/b")], probe: 1),
    ]) { part in
      part.probes = ["/id", "[/a, /b]", "/v", "/late"].map(probe)
      part.verdict = [
        VerdictRule(
          conditions: [Condition(reference: reference("/v", probe: 2), test: .equals(1))], verdict: .accepted),
        VerdictRule(
          conditions: [Condition(reference: reference("/late", probe: 3), test: .equals(1))], verdict: .rejected),
      ]
    }
    let mapped = try mapLines(
      source,
      """
      {"id":"a","v":1,"late":null,"b":"x"}
      {"id":"b","v":1,"a":""}
      {"v":2,"late":3}

      """)
    #expect(mapped.counts["probes"] == [[2, 2, 3, 2]])
    #expect(mapped.count("quarantined") == 1)
  }
}
