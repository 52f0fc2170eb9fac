import JSONTape
import Receipts

/// Reads evidence rows by their places. One a thread.
final class EvidenceRowReader {
  private let partitions: [RelativePath]
  private let files: FileViews
  private var views: [FileView?]
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
  }

  /// Valid until the next call with the same parser and members.
  func members(at place: RowPlace, _ parser: JSONParser, _ members: RowMembers) throws -> RowMembers {
    members.read(try parser.parse(try bytes(at: place)))
    return members
  }

  /// The bytes of a row without its line end; those of two rows can be in use at a time.
  func bytes(at place: RowPlace) throws -> ByteSlice {
    let view = try views[place.file] ?? view(place.file)
    guard view.bytes.count >= place.offset + place.byteCount else { throw FileViews.changed(partitions[place.file]) }
    return view.bytes[place.offset..<place.offset + place.byteCount]
  }

  /// Asks for a row ahead of its use, but for what is far from its start and its end.
  func prefetch(_ place: RowPlace) {
    guard let view = views[place.file], view.bytes.count >= place.offset + place.byteCount else { return }
    let row = view.bytes[place.offset..<place.offset + place.byteCount]
    row.prefetch(0..<Self.reach)
    row.prefetch(row.count - Self.reach..<row.count)
  }

  /// Bytes: most rows begin and end within.
  private static let reach = 512

  private func view(_ file: Int) throws -> FileView {
    guard let view = try files.view(partitions[file]) else { throw FileViews.changed(partitions[file]) }
    if !view.isMapped {
      if copies == Self.limit {
        retired = views.compactMap { $0 }.filter { !$0.isMapped }
        for place in views.indices where views[place]?.isMapped == false { views[place] = nil }
        copies = 0
      }
      copies += 1
    }
    views[file] = view
    return view
  }
}
