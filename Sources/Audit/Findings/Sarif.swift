import JSONTape

/// Findings as a SARIF 2.1.0 log (OASIS, 2020), which code hosts show beside the files.
package enum Sarif {
  /// - Parameter version: of this program.
  package static func log(_ findings: [Finding], version: String) -> JSON {
    [
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
      "version": "2.1.0",
      "runs": [
        [
          "tool": [
            "driver": [
              "name": "distill-make", "version": .string(version), "rules": .array(FindingCode.allCases.map(rule)),
            ]
          ],
          "columnKind": "unicodeCodePoints",
          "originalUriBaseIds": [
            "WORKSPACE": ["description": ["text": "The workspace: the folder that holds receipts."]]
          ],
          "results": .array(findings.map(result)),
        ]
      ],
    ]
  }

  private static func rule(_ code: FindingCode) -> JSON {
    ["id": .string(code.rawValue), "shortDescription": ["text": .string(code.meaning)]]
  }

  private static func result(_ finding: Finding) -> JSON {
    var place: JSONObject = [
      "artifactLocation": ["uri": .string(uri(finding.path)), "uriBaseId": "WORKSPACE"]
    ]
    if let line = finding.line { place["region"] = ["startLine": .integer(Int64(line))] }
    let member = finding.member.map { "\($0): " } ?? ""
    return [
      "ruleId": .string(finding.code.rawValue),
      "ruleIndex": .integer(Int64(FindingCode.allCases.firstIndex(of: finding.code)!)),
      "level": finding.level == .note ? "note" : "error",
      "message": ["text": .string("\(member)expected \(finding.expected); found \(finding.found)")],
      "locations": [["physicalLocation": .object(place)]],
      "properties": [
        "expected": .string(finding.expected), "found": .string(finding.found),
        "member": finding.member.map(JSON.string) ?? .null,
      ],
    ]
  }

  /// A relative reference (RFC 3986): what is not unreserved or `/` is escaped.
  private static func uri(_ path: String) -> String {
    var uri = ""
    for byte in path.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: "/"):
        uri.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        uri += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return uri
  }
}
