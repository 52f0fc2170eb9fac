extension FileSystem {
  /// Folders that are emptied must be the workspace's own: a checkout can bring a link in the place of one.
  ///
  /// - Throws: a link leads from `.distill`, or from a folder of it that builds empty, to somewhere else.
  func checkCache(of layout: WorkspaceLayout, _ stages: [StageName]) throws {
    let folders = [layout.cache, layout.temporary, layout.staging] + stages.map { layout.staging($0) }
    for folder in folders where try status(of: folder, followingLinks: false)?.kind == .symbolicLink {
      throw DistillError(
        .cannotWrite, "a symbolic link stands in the place of a folder that builds empty",
        place: layout.relative(folder.string), hint: "Remove the link; a build makes the folder.")
    }
  }
}
