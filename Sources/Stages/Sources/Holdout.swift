import JSONTape
import Receipts

/// `exports.holdout`: prompts that must not be in any export, because something is measured with them.
public struct Holdout: Sendable, Hashable {
  public var files: [Glob]
  /// Where a record of those files has its prompt.
  public var prompt: Pointer
  /// Where it stands in the configuration.
  public var place: String?

  init(_ node: ConfigurationNode) throws(DistillError) {
    let section = try ConfigurationSection(node, of: "exports.holdout", keys: ["files", "prompt"])
    files = []
    for entry in try section.required("files").oneOrMore("files", of: "patterns") {
      do { files.append(try Glob(try entry.text("files"))) } catch let error as GlobError {
        throw entry.error(error.reason, hint: error.hint)
      } catch let error as DistillError {
        throw error
      } catch {
        throw entry.error("\(error)")
      }
    }
    let text = try section.required("prompt").text("prompt")
    guard let pointer = Pointer(text, allowingEvery: false) else {
      throw node.error("`prompt` is no JSON Pointer: \(text)", hint: "as in prompt: /prompt")
    }
    prompt = pointer
    place = node.place?.text
  }

  var json: JSON {
    ["files": .array(files.map { .string($0.text) }), "prompt": .string(prompt.text)]
  }
}
