import JSONTape
import Receipts
import ReceiptsTesting
import SystemPackage
import Testing

@testable import Verification

@Suite("The first difference")
struct DifferenceTests {
  private func first(_ expected: String, _ found: String) throws -> LineDifference? {
    let fileSystem = MemoryFileSystem()
    fileSystem.write(expected, to: "/a")
    fileSystem.write(found, to: "/b")
    return try LineDifference.first(fileSystem.open("/a"), fileSystem.open("/b"))
  }

  @Test("between two files is a line of each, wherever the blocks of reading end")
  func lines() throws {
    #expect(try first("", "") == nil)
    #expect(try first("a\nb\n", "a\nb\n") == nil)
    #expect(try first("a\nb\n", "a\nc\n") == LineDifference(number: 2, expected: [98], found: [99]))
    #expect(try first("a\n", "a\nc\n") == LineDifference(number: 2, expected: nil, found: [99]))
    #expect(try first("a\n\n", "a\n") == LineDifference(number: 2, expected: [], found: nil))
    #expect(try first("a\nb", "a\nb\n") == LineDifference(number: 2, expected: [98], found: [98]))
    #expect(try first("", "a") == LineDifference(number: 1, expected: nil, found: [97]))
    let block = 256 << 10
    for length in [block - 2, block - 1, block, block + 1, 2 * block] {
      let long = String(repeating: "x", count: length)
      let difference = try first("y\n\(long)\nz1\n", "y\n\(long)\nz2\n")
      #expect(difference == LineDifference(number: 3, expected: [122, 49], found: [122, 50]), "\(length)")
      let inside = try first("y\n\(long)1\n", "y\n\(long)2\n")
      #expect(inside?.number == 2 && inside?.expected?.count == length + 1, "\(length)")
    }
  }

  @Test(
    "between two values is a field, by its pointer",
    arguments: [
      (#"{"a":1,"b":2}"#, #"{"a":1,"b":3}"#, "/b", "2", "3"),
      (#"{"a":1,"b":2}"#, #"{"b":3,"a":1}"#, "/b", "2", "3"),
      (#"{"a":[1,{"b/c":null}]}"#, #"{"a":[1,{"b/c":0}]}"#, "/a/1/b~1c", "null", "0"),
      (#"{"a":[1]}"#, #"{"a":[1,2]}"#, "/a/1", "nothing", "2"),
      (#"{"a":null}"#, #"{}"#, "/a", "null", "nothing"),
      (#"{}"#, #"{"~":null}"#, "/~0", "nothing", "null"),
      (#"[1]"#, #"{"0":1}"#, "", "[1]", #"{"0":1}"#),
      (#""é""#, #""e\u0301""#, "", "\"é\"", "\"e\u{301}\""),
    ])
  func fields(_ expected: String, _ found: String, _ pointer: String, _ old: String, _ new: String) throws {
    let difference = try #require(
      FieldDifference.first(try JSON.parse(Array(expected.utf8)), try JSON.parse(Array(found.utf8))))
    #expect(difference.pointer == pointer)
    #expect(Array(FieldDifference.text(difference.expected).utf8) == Array(old.utf8))
    #expect(Array(FieldDifference.text(difference.found).utf8) == Array(new.utf8))
  }

  @Test("is none between the same values in another order")
  func order() throws {
    let values = try [#"{"a":{"b":1,"c":[2]}}"#, #"{ "a": {"c":[2], "b":1}}"#].map { try JSON.parse(Array($0.utf8)) }
    #expect(FieldDifference.first(values[0], values[1]) == nil)
  }
}
