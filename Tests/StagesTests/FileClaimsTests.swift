import Receipts
import Testing

@testable import Stages

@Suite struct FileClaimsTests {
  private func files(_ paths: String...) -> [LogFile] { paths.map { LogFile(path: RelativePath(unchecked: $0)) } }

  @Test func `the first file that another source has is told, with its owner`() {
    var claims = FileClaims()
    let one = claims.add(files("a", "c", "e"), of: "one")
    let two = claims.add(files("b", "d", "f", "h"), of: "two")
    let three = claims.add(files("x", "y"), of: "three")
    #expect(one?.path == nil && two?.path == nil && three?.path == nil)
    let claim = claims.add(files("0", "d", "e", "x", "z"), of: "four")
    #expect(claim?.path.string == "d")
    #expect(claim?.owner == "two")
  }

  @Test func `each file has one owner, others none`() {
    var claims = FileClaims()
    _ = claims.add(files("a", "c"), of: "one")
    _ = claims.add(files("b"), of: "two")
    let owners = ["0", "a", "b", "c", "d"].map { claims.owner(of: RelativePath(unchecked: $0)) }
    #expect(owners == [nil, "one", "two", "one", nil])
  }
}
