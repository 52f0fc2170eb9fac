import JSONTape
import Receipts

/// A mapping that ships with the program: the keys of a source but `name` and `files`, in the configuration's own
/// language.
public struct Preset: Sendable {
  public let name: String
  /// The YAML, with comments for people.
  public let text: String

  public static let all: [Preset] = [
    Preset(name: "bashkit-eval", bytes: PackageResources.bashkit_eval_yaml),
    Preset(name: "lakehouse", bytes: PackageResources.lakehouse_yaml),
    Preset(name: "m-ifeval", bytes: PackageResources.m_ifeval_yaml),
    Preset(name: "tau-bench", bytes: PackageResources.tau_bench_yaml),
  ]

  private init(name: String, bytes: [UInt8]) {
    self.name = name
    text = String(decoding: bytes, as: UTF8.self)
  }

  /// The tree of the preset that `node` names. All of it stands at `node`: that is where the user can change something.
  static func node(named node: ConfigurationNode) throws(DistillError) -> ConfigurationNode {
    let name = try node.text("preset")
    guard let preset = all.first(where: { $0.name == name }) else {
      throw node.error(
        "there is no preset `\(name)`",
        hint: NearestWord.hint(for: name, among: all.map(\.name), title: "presets"))
    }
    var place = node.place
    place?.preset = name
    guard let tree = try ConfigurationYAML.parse(preset.text, fileName: "\(name).yaml") else {
      throw DistillError(.internalFault, "the preset `\(name)` is empty")
    }
    return tree.placed(at: place)
  }
}
