import ArgumentParser
import Attestation
import Glibc
import Receipts
import SystemPackage

struct KeygenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen",
    abstract: "Makes a pair of keys (Ed25519, PEM) to sign receipts with, and to check the signatures.",
    discussion: """
      Example: distill-make keygen release.pem

      The private key is written for you alone (mode 0600), the public one beside it: release.pem.pub. Neither may be
      there yet.
      """)

  @Argument(help: "Where the private key goes.")
  var file: String

  func run() throws {
    let key = try SigningKey.generate()
    try Self.write(key.pem, to: file, mode: 0o600)
    do throws(DistillError) {
      try Self.write(key.publicKey.pem, to: "\(file).pub", mode: 0o644)
    } catch {
      // Half a pair is of no use, and the next try must not find it in its way.
      unlink(file)
      throw error
    }
    try Terminal.result(key.publicKey.id)
  }

  /// A new file: nobody's key is written over.
  private static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(DistillError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else {
      let hint = errno == EEXIST ? "Name another file, or move this one away." : nil
      throw DistillError(.cannotWrite, "can't create it: \(Errno(rawValue: errno))", place: path, hint: hint)
    }
    defer { close(descriptor) }
    guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count, fsync(descriptor) == 0 else {
      let code = Errno(rawValue: errno)
      unlink(path)
      throw DistillError(.cannotWrite, "can't write it: \(code)", place: path)
    }
  }
}
