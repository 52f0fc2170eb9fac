import COpenSSL
import CSHA256
import JSONTape

/// A SHA-256 of bytes that come piece by piece: by the processor's instructions where it has some, else by OpenSSL.
public final class SHA256 {
  /// Fetched once: a look-up by name for each digest costs as much as hashing a short record. Never freed or changed.
  nonisolated(unsafe) private static let algorithm: OpaquePointer = {
    guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else {
      preconditionFailure("OpenSSL offers no SHA-256")
    }
    return algorithm
  }()

  private static let hasInstructions = csha256_is_there() != 0

  /// Which of the two works.
  private enum Worker {
    case instructions(UnsafeMutablePointer<csha256_stream>)
    case library(OpaquePointer)
  }

  private let worker: Worker

  public convenience init() { self.init(usingInstructions: Self.hasInstructions) }

  /// - Parameter usingInstructions: true only where the processor has them.
  init(usingInstructions: Bool) {
    if usingInstructions {
      worker = .instructions(.allocate(capacity: 1))
    } else {
      guard let context = EVP_MD_CTX_new() else { preconditionFailure("OpenSSL has no memory for a digest") }
      worker = .library(context)
    }
    start()
  }

  deinit {
    switch worker {
    case .instructions(let stream): stream.deallocate()
    case .library(let context): EVP_MD_CTX_free(context)
    }
  }

  public func update(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    switch worker {
    case .instructions(let stream):
      csha256_update(stream, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    case .library(let context):
      let result = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
      precondition(result == 1, "OpenSSL refused to hash")
    }
  }

  /// An update that copies the bytes as well: with the processor's instructions that costs nothing beside it.
  ///
  /// - Parameter copy: room for as many bytes, elsewhere.
  func update(_ bytes: UnsafeRawBufferPointer, copyingTo copy: UnsafeMutableRawBufferPointer) {
    precondition(copy.count >= bytes.count, "no room for the copy")
    guard bytes.count > 0 else { return }
    if case .instructions(let stream) = worker {
      csha256_copy(
        stream, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count,
        copy.baseAddress?.assumingMemoryBound(to: UInt8.self))
    } else {
      copy.copyMemory(from: bytes)
      update(bytes)
    }
  }

  public func update(_ bytes: ByteSlice) { update(bytes.raw) }

  /// The text's UTF-8 bytes.
  public func update(_ text: String) {
    var text = text
    text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
  }

  /// Two updates of different digests. Where the processor has instructions, they take hardly longer than one, as far
  /// as both have bytes.
  public static func update(_ one: SHA256, _ bytes: ByteSlice, and other: SHA256, _ otherBytes: ByteSlice) {
    precondition(one !== other, "one digest of two texts")
    if case .instructions(let stream) = one.worker, case .instructions(let otherStream) = other.worker {
      csha256_update_two(
        stream, bytes.buffer.baseAddress, bytes.count, otherStream, otherBytes.buffer.baseAddress, otherBytes.count)
    } else {
      one.update(bytes)
      other.update(otherBytes)
    }
  }

  /// The digest of all updates since the last `finish`; the next update begins a new one.
  public func finish() -> Digest {
    let digest = Self.digest { output in
      switch worker {
      case .instructions(let stream): csha256_finish(stream, output)
      case .library(let context):
        let result = EVP_DigestFinal_ex(context, output, nil)
        precondition(result == 1, "OpenSSL refused to finish a digest")
      }
    }
    start()
    return digest
  }

  private func start() {
    switch worker {
    case .instructions(let stream): csha256_start(stream)
    case .library(let context):
      let result = EVP_DigestInit_ex2(context, Self.algorithm, nil)
      precondition(result == 1, "OpenSSL refused to start a digest")
    }
  }

  /// Of bytes that are all there.
  static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
    digest { output in
      if hasInstructions {
        withUnsafeTemporaryAllocation(of: csha256_stream.self, capacity: 1) { stream in
          let stream = stream.baseAddress.unsafelyUnwrapped
          csha256_start(stream)
          csha256_update(stream, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
          csha256_finish(stream, output)
        }
      } else {
        let result = EVP_Digest(bytes.baseAddress, bytes.count, output, nil, algorithm, nil)
        precondition(result == 1, "OpenSSL has no memory for a digest")
      }
    }
  }

  /// - Parameter write: is given room for 32 bytes.
  private static func digest(_ write: (UnsafeMutablePointer<UInt8>) -> Void) -> Digest {
    withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { output in
      write(output.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self))
      return Digest(bytes: UnsafeRawBufferPointer(output))
    }
  }
}
