import JSONTape
import Testing

@testable import Stages

@Suite struct EvidenceMessageTests {
  private func messages(_ shape: MessageShape, _ list: String) throws -> String {
    let source = simpleSource([.messages: .messages(reference("/m"), shape: shape)])
    let mapped = try mapLines(source, #"{"id":"r","m":\#(list)}"# + "\n")
    #expect(mapped.balances)
    if let stopped = try mapped.quarantine.first { return stopped["errors"]?.array?[0].string ?? "" }
    return String(decoding: try mapped.evidence[0]["messages"]!.encoded(), as: UTF8.self)
  }

  @Test func `OpenAI's messages are normalised`() throws {
    #expect(
      try messages(
        .openai,
        #"""
        [{"role":"developer","content":"d"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}},{"type":"text","text":"b"}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{ }"}},{"id":"c2","function":{"name":"g","arguments":{"b":1,"a":[]}}}]},{"role":"tool","tool_call_id":"c1","name":"f","content":"out"},{"role":"function","name":"h","content":"x","tool_calls":[]}]
        """#.split(separator: "\n").joined())
        == #"[{"role":"system","content":"d","tool_calls":null,"tool_call_id":null,"name":null},"#
        + #"{"role":"user","content":"a\nb","tool_calls":null,"tool_call_id":null,"name":null},"#
        + #"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","name":"f","arguments":"{ }"},"#
        + #"{"id":"c2","name":"g","arguments":"{\"a\":[],\"b\":1}"}],"tool_call_id":null,"name":null},"#
        + #"{"role":"tool","content":"out","tool_calls":null,"tool_call_id":"c1","name":"f"},"#
        + #"{"role":"tool","content":"x","tool_calls":null,"tool_call_id":null,"name":"h"}]"#)
  }

  @Test func `Anthropic's messages are normalised`() throws {
    #expect(
      try messages(
        .anthropic,
        #"[{"role":"user","content":"go"},"#
          + #"{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"a"},"#
          + #"{"type":"tool_use","id":"t1","name":"bash","input":{"z":1,"c":"ls"}},{"type":"text","text":"b"}]},"#
          + #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"x"},{"type":"text","text":"y"}],"is_error":true},{"type":"text","text":"next"}]},"#
          + #"{"role":"tool_result","content":[{"type":"tool_result","tool_use_id":"t2","content":"z"}]}]"#)
        == #"[{"role":"user","content":"go","tool_calls":null,"tool_call_id":null,"name":null},"#
        + #"{"role":"assistant","content":"a\nb","tool_calls":[{"id":"t1","name":"bash","arguments":"{\"c\":\"ls\",\"z\":1}"}],"tool_call_id":null,"name":null},"#
        + #"{"role":"tool","content":"x\ny","tool_calls":null,"tool_call_id":"t1","name":null},"#
        + #"{"role":"user","content":"next","tool_calls":null,"tool_call_id":null,"name":null},"#
        + #"{"role":"tool","content":"z","tool_calls":null,"tool_call_id":"t2","name":null}]"#)
  }

  @Test func `unknown shapes are violations that name the message`() throws {
    #expect(try messages(.openai, #"[{"role":"user"},7]"#) == "messages: message 1 is a number, not an object")
    #expect(try messages(.openai, #"[{"role":"bot"}]"#) == #"messages: message 0 has the role "bot""#)
    #expect(try messages(.openai, #"[{"content":"x"}]"#) == "messages: message 0 has no role")
    #expect(
      try messages(.openai, #"[{"role":"user","content":3}]"#) == "messages: message 0 has a content that is a number")
    #expect(
      try messages(.anthropic, #"[{"role":"assistant","content":[{"type":"tool_use"}]}]"#)
        == "messages: message 0 has a tool_use block without an id or a name")
    #expect(try messages(.openai, #"{"a":1}"#) == "messages: /m is an object, where a list of messages is expected")
  }

  private func last(_ list: String, role: String? = "assistant", final: Bool = false) throws -> JSON? {
    let source = simpleSource([.text: .lastMessage(reference("/m"), role: role, final: final)])
    return try mapLines(source, #"{"id":"r","m":\#(list)}"# + "\n").evidence[0]["text"]
  }

  @Test func `the last message of a role that is not blank is the text`() throws {
    let list =
      #"[{"role":"assistant","content":"one"},{"role":"assistant","content":[{"type":"text","text":"two"},{"type":"x"},{"type":"text","text":"three"}]},"#
      + #"{"role":"assistant","content":null},{"role":"assistant","content":" \n"},{"role":"user","content":"u"}]"#
    #expect(try last(list) == "two\nthree")
    #expect(try last(list, role: nil) == "u")
    #expect(try last(list, final: true) == .some(.null))
    #expect(try last(list, role: "user", final: true) == "u")
    #expect(try last("null") == .some(.null))
    #expect(try last("[]") == .some(.null))
  }

  @Test(arguments: [
    (
      MessageShape.openai,
      #"[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"1"}]}]"#,
      "message 1 has a tool_use block, which shape openai does not have; see shape: anthropic"
    ),
    (
      .openai, #"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"tool_result"}]}]"#,
      "message 0 has a tool_result block, which shape openai does not have; see shape: anthropic"
    ),
    (
      .anthropic, #"[{"role":"assistant","content":"a","tool_calls":[{"function":{"name":"f"}}]}]"#,
      "message 0 has tool_calls, which shape anthropic does not have; see shape: openai"
    ),
    (
      .anthropic, #"[{"role":"assistant","content":"a","function_call":{"name":"f"}}]"#,
      "message 0 has a function_call, which shape anthropic does not have; see shape: openai"
    ),
  ])
  func `tool calls of the other shape are a violation`(shape: MessageShape, list: String, text: String) throws {
    #expect(try messages(shape, list) == "messages: " + text)
  }

  @Test func `an empty list of calls is no tool call`() throws {
    let list = #"[{"role":"assistant","content":"a","tool_calls":[],"function_call":null}]"#
    #expect(try messages(.anthropic, list) == messages(.openai, list))
  }
}
