import CJQ
import JSONTape

/// Values between the tape and libjq. A `jv` is owned by whoever holds it and given up by passing it on.
enum JQValue {
  /// The largest integer up to which doubles hold every one.
  private static let maximumInteger: Int64 = 1 << 53
  /// Bytes of the longest text: libjq counts in 32 bits, and doubles the room for a text that grows.
  private static let maximumText = 1 << 30

  /// - Parameter hidden: what is left out: members are not there, elements of lists are null, so that the others keep
  ///   their places.
  /// - Throws: a violation for a number that libjq, which has doubles only, would change.
  static func make(_ value: JSONValue, hiding hidden: HiddenPaths = .none) throws(RecordViolation) -> jv {
    switch value.kind {
    case .null: return jv_null()
    case .bool: return jv_bool(value.bool == true ? 1 : 0)
    case .number: return jv_number(try number(value))
    case .string: return try string(value.string ?? .empty)
    case .array:
      var array = jv_array()
      var index = -1
      for element in value.elements {
        index += 1
        do throws(RecordViolation) {
          let made = try make(element, as: hidden.isEmpty ? nil : hidden.element(index))
          array = jv_array_append(array, made ?? jv_null())
        } catch {
          jv_free(array)
          throw error
        }
      }
      return array
    case .object:
      var object = jv_object()
      for (key, member) in value.members {
        do throws(RecordViolation) {
          guard let made = try make(member, as: hidden.isEmpty ? nil : hidden.member(key)) else { continue }
          let name: jv
          do throws(RecordViolation) {
            name = try string(key)
          } catch {
            jv_free(made)
            throw error
          }
          object = jv_object_set(object, name, made)
        } catch {
          jv_free(object)
          throw error
        }
      }
      return object
    }
  }

  /// nil: it is hidden.
  private static func make(_ value: JSONValue, as child: HiddenPaths.Child?) throws(RecordViolation) -> jv? {
    switch child {
    case nil: try make(value)
    case .hidden: nil
    case .open(let hidden): try make(value, hiding: hidden)
    }
  }

  private static func number(_ value: JSONValue) throws(RecordViolation) -> Double {
    let token = value.token
    let isInteger = !token.buffer.contains { $0 == 0x2E || $0 | 0x20 == 0x65 }
    if isInteger {
      guard let integer = value.integer, integer.magnitude <= maximumInteger.magnitude else {
        throw RecordViolation(
          .schemaViolation, "jq: the record has an integer past 2^53, \(EvidenceRows.quoted(token))")
      }
      return Double(integer)
    }
    guard let double = value.double, double.isFinite else {
      throw RecordViolation(.schemaViolation, "jq: the record has a number past the range of doubles")
    }
    return double
  }

  /// A lone surrogate becomes U+FFFD.
  private static func string(_ bytes: ByteSlice) throws(RecordViolation) -> jv {
    guard bytes.count <= maximumText else {
      throw RecordViolation(.schemaViolation, "jq: the record has a text of more than \(maximumText) bytes")
    }
    guard let base = bytes.buffer.baseAddress else { return jv_string_sized("", 0) }
    return base.withMemoryRebound(to: CChar.self, capacity: bytes.count) { jv_string_sized($0, Int32(bytes.count)) }
  }

  /// The bytes of a string, which is given up.
  static func take(_ string: jv, _ body: (ByteSlice) -> Void) {
    let count = Int(jv_string_length_bytes(jv_copy(string)))
    if let base = jv_string_value(string) {
      body(ByteSlice(UnsafeRawBufferPointer(start: base, count: count)))
    }
    jv_free(string)
  }

  static func text(_ string: jv) -> String {
    var text = ""
    take(string) { text = $0.string() }
    return text
  }
}
