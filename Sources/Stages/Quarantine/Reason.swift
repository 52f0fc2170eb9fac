/// Why a record or a pair was stopped. There are eleven reasons and no others.
public enum Reason: String, Sendable, CaseIterable {
  case missingProvenance = "missing_provenance"
  case missingSourceRunID = "missing_source_run_id"
  case emptyContent = "empty_content"
  case schemaViolation = "schema_violation"
  case unsafeSFTCategory = "unsafe_sft_category"
  case unsafeRAGCategory = "unsafe_rag_category"
  case invalidPreferencePairing = "invalid_preference_pairing"
  case hallucinatedFilePath = "hallucinated_file_path"
  case duplicateID = "duplicate_id"
  case selfPairing = "self_pairing"
  case categoryDisallowed = "category_disallowed"
}
