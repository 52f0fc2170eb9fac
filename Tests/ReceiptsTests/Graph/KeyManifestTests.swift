import JSONTape
import Receipts
import Testing

@Suite("KeyManifest")
struct KeyManifestTests {
  private let one = Digest.of("one")
  private let two = Digest.of("two")
  private let tool = Digest.of("tool")

  @Test("a key is the SHA-256 of the documented JSON text")
  func literal() {
    let manifest = KeyManifest(
      function: "score.map/1",
      inputs: [
        ActionInput(name: "evidence", digest: one, byteCount: 12),
        ActionInput(name: "é\"\n", digest: two, byteCount: 0),
      ],
      parameters: ["z": [1, 0.5, nil], "a": "ü"], tool: tool)
    let text =
      #"{"function":"score.map/1","inputs":[["evidence","\#(one.hex)",12],["é\"\n","\#(two.hex)",0]],"#
      + #""parameters":{"a":"ü","z":[1,0.5,null]},"tool":"\#(tool.hex)"}"#
    #expect(manifest.key == Digest.of(text))
  }

  @Test("without inputs and parameters it is as documented, too")
  func empty() {
    let text = #"{"function":"f/1","inputs":[],"parameters":null,"tool":"\#(tool.hex)"}"#
    #expect(KeyManifest(function: "f/1", inputs: [], parameters: nil, tool: tool).key == Digest.of(text))
  }

  @Test("more inputs than fit into one write are all in it")
  func large() {
    let inputs = (0..<5000).map { ActionInput(name: "\($0)", digest: Digest.of("\($0)"), byteCount: $0) }
    let rows = inputs.map { #"["\#($0.name)","\#($0.digest.hex)",\#($0.byteCount)]"# }.joined(separator: ",")
    let text = #"{"function":"f/1","inputs":[\#(rows)],"parameters":{},"tool":"\#(tool.hex)"}"#
    #expect(KeyManifest(function: "f/1", inputs: inputs, parameters: [:], tool: tool).key == Digest.of(text))
  }

  @Test("each part of it makes another key, and the order of the parameters' members does not")
  func sensitivity() {
    let inputs = [
      ActionInput(name: "a", digest: one, byteCount: 1), ActionInput(name: "b", digest: two, byteCount: 2),
    ]
    let base = KeyManifest(function: "f/1", inputs: inputs, parameters: ["x": 1, "y": 2], tool: tool)
    var others = [KeyManifest](repeating: base, count: 7)
    others[0].function = "f/2"
    others[1].inputs.swapAt(0, 1)
    others[2].inputs[0].name = "c"
    others[3].inputs[0].digest = two
    others[4].inputs[0].byteCount = 3
    others[5].parameters = ["x": 1, "y": 3]
    others[6].tool = one
    #expect(Set(others.map(\.key) + [base.key]).count == 8)
    var reordered = base
    reordered.parameters = ["y": 2, "x": 1]
    #expect(reordered.key == base.key)
  }
}
