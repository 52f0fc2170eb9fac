import Receipts
import JSONTape
struct Report { init(shelf: ReceiptShelf, fileSystem: any FileSystem, layout: WorkspaceLayout) {} ; func facts() throws -> JSON { .null }; func write() throws -> Bool { false } }
enum ReportMarkdown { static func text(_ j: JSON) -> String { "" } }
