/// How the reader checks all of this without this program.
enum CheckSection {
  static func write(to page: inout MarkdownPage) {
    page.heading(2, "How to check it")
    page.paragraph("In the workspace: are the files those that the receipts list, and are the receipts whole?")
    page.shell([
      "sha256sum --quiet -c receipts/*/outputs.sha256",
      "for file in receipts/*/receipt.json; do",
      #"  hash=$(sed 's/,"receipt_sha256":"[0-9a-f]*"//' "$file" | sha256sum | cut -d ' ' -f 1)"#,
      #"  grep -q "\"receipt_sha256\":\"$hash\"" "$file" && echo "$file: OK" || echo "$file: FAILED""#,
      "done",
    ])
    page.paragraph(
      "`receipts/build-evidence/inputs.sha256` does the same for the logs; one that has grown since is reported there.")
  }
}
