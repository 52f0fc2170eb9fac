import JSONTape
import Receipts

/// Reads evidence rows by their places. One a thread.
final class EvidenceRowReader {
  private let partitions: [RelativePath]
  private let files: FileViews
  private var views: [FileView?]
  /// Of the views; empty: there is none yet. Behind a pointer, because it is asked for with each row.
  private let bytes: UnsafeMutableBufferPointer<ByteSlice>
  /// Of the views, how many hold a copy of their file.
  private var copies = 0
  /// The copies that were let go last: one of their rows may be in use.
  private var retired: [FileView] = []

  /// Copies that are held at once.
  private static let limit = 64

  init(partitions: [RelativePath], files: FileViews) {
    self.partitions = partitions
    self.files = files
    views = Array(repeating: nil, count: partitions.count)
    bytes = .allocate(capacity: partitions.count)
    bytes.initialize(repeating: .empty)
  }

  deinit { bytes.deallocate() }

  /// Valid until the next call with the same parser and members.
  func members(at place: RowPlace, _ parser: JSONParser, _ members: RowMembers) throws -> RowMembers {
    members.read(try parser.parse(try bytes(at: place)))
    return members
  }

  /// The bytes of a row without its line end; those of two rows can be in use at a time.
  func bytes(at place: RowPlace) throws -> ByteSlice {
    if let row = row(at: place) { return row }
    try open(place.file)
    guard let row = row(at: place) else { throw FileViews.changed(partitions[place.file]) }
    return row
  }

  /// What holds the bytes of a row that was read last: whoever needs more than two at a time keeps them. nil: they stay
  /// anyway.
  func holder(of place: RowPlace) -> FileView? { views[place.file].flatMap { $0.isMapped ? nil : $0 } }

  /// Asks for a row ahead of its use, but for what is far from its start and its end.
  func prefetch(_ place: RowPlace) {
    guard let row = row(at: place) else { return }
    row.prefetch(0..<Self.reach)
    row.prefetch(row.count - Self.reach..<row.count)
  }

  /// nil: its file is not open, or too short.
  private func row(at place: RowPlace) -> ByteSlice? {
    precondition(place.file < bytes.count, "a partition that is not there")
    let file = bytes[place.file]
    guard file.count >= place.offset + place.byteCount else { return nil }
    return file[place.offset..<place.offset + place.byteCount]
  }

  /// Bytes: most rows begin and end within.
  private static let reach = 512

  private func open(_ file: Int) throws {
    guard let view = try files.view(partitions[file]) else { throw FileViews.changed(partitions[file]) }
    if !view.isMapped {
      if copies == Self.limit {
        retired = views.compactMap { $0 }.filter { !$0.isMapped }
        for place in views.indices where views[place]?.isMapped == false {
          views[place] = nil
          bytes[place] = .empty
        }
        copies = 0
      }
      copies += 1
    }
    views[file] = view
    bytes[file] = view.bytes
  }
}
