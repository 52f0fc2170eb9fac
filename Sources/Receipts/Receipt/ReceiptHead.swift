import JSONTape

/// What a build needs of a receipt that still holds: everything that is asked of it but the inputs, of which there may
/// be a hundred thousand.
public struct ReceiptHead: Sendable, Hashable {
  public var stage: StageName
  /// `receipt_sha256`.
  public var digest: Digest
  /// Of the stage's manifest.
  public var key: Digest
  public var outputs: [Receipt.File]
  public var recordCounts: JSON

  public init(_ encoded: ReceiptCodec.Encoded) {
    stage = encoded.receipt.stage
    digest = encoded.digest
    key = encoded.receipt.core.key
    outputs = encoded.receipt.core.outputs
    recordCounts = encoded.receipt.core.recordCounts
  }
}

/// The newest receipts by their heads, which the action cache keeps under the digest of the file that they were read
/// from: where the file index knows that digest, the file is not opened.
struct ReceiptHeads {
  let build: Build

  /// A head, and the file that it was read from, if it had to be.
  struct Found {
    var head: ReceiptHead
    var file: Build.PublishedFile?
  }

  /// As `ReceiptShelf.newest`.
  func newest(_ stage: StageName) throws -> Found? {
    for path in build.shelf.places(of: stage) {
      let place = build.layout.path(path)
      guard let status = try build.fileSystem.status(of: place, followingLinks: true) else { continue }
      if let digest = build.index.known(path.string, status),
        let head = try build.cache.record(for: key(digest)).flatMap(ReceiptHead.init(record:))
      {
        return Found(head: head)
      }
      guard let encoded = try build.shelf.read(path) else { continue }
      return Found(
        head: ReceiptHead(encoded),
        file: Build.PublishedFile(path: path, digest: Digest.of(encoded.bytes), status: status))
    }
    return nil
  }

  /// Keeps the head of a receipt whose file has the digest `file`.
  func save(_ head: ReceiptHead, file: Digest) throws {
    try build.cache.save(head.record, for: key(file))
  }

  private func key(_ file: Digest) throws -> Digest { try Self.key(file: file, tool: build.environment.tool.digest) }

  static func key(file: Digest, tool: Digest) -> Digest {
    KeyManifest(
      function: "receipt.head/2", inputs: [ActionInput(name: "receipt", digest: file, byteCount: 0)], parameters: .null,
      tool: tool
    ).key
  }
}

extension ReceiptHead {
  /// `{"stage","digest","key","outputs":[["path","sha256",bytes,records],…],"counts"}`
  fileprivate var record: JSON {
    [
      "stage": .string(stage.text), "digest": .string(digest.hex), "key": .string(key.hex),
      "outputs": .array(
        outputs.map {
          [
            .string($0.path.string), .string($0.digest.hex), .integer(Int64($0.byteCount)),
            .integer(Int64($0.recordCount)),
          ]
        }),
      "counts": recordCounts,
    ]
  }

  fileprivate init?(record: JSON) {
    guard let stage = record["stage"]?.string, let digest = record["digest"]?.string.flatMap(Digest.init(hex:)),
      let key = record["key"]?.string.flatMap(Digest.init(hex:)), let rows = record["outputs"]?.array,
      let counts = record["counts"]
    else { return nil }
    self.stage = StageName(stage)
    self.digest = digest
    self.key = key
    recordCounts = counts
    outputs = []
    for row in rows {
      guard let cells = row.array, cells.count == 4, let path = cells[0].string.flatMap(RelativePath.init),
        let digest = cells[1].string.flatMap(Digest.init(hex:)), let bytes = cells[2].integer,
        let records = cells[3].integer
      else { return nil }
      outputs.append(
        Receipt.File(path: path, digest: digest, byteCount: Int(bytes), recordCount: Int(records)))
    }
  }
}
