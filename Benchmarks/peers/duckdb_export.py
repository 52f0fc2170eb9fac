"""export-rag as a user of DuckDB writes it: duckdb_export.py WORKSPACE OUT."""

import sys

import duckdb

PROVENANCE = """STRUCT(source VARCHAR, source_file VARCHAR, line_offset BIGINT, byte_offset BIGINT, byte_length BIGINT,
  sig_hash VARCHAR, recorded_at VARCHAR)"""

workspace, out = sys.argv[1:]
duckdb.sql(f"""
  SET preserve_insertion_order = false;
  COPY (
    SELECT
      1 AS schema_version,
      'rag-' || left(sha256(e.run_id || '|' || e.provenance.sig_hash), 16) AS id,
      trim(left(split_part(ltrim(e.text, E' \\t\\r\\n'), E'\\n', 1), 120), E' \\t\\r') AS title,
      e.text AS content,
      list_filter([
        'task:' || split_part(e.task_id, ':', 1), 'category:' || s.category, 'role:' || e.model_role,
        'model:' || e.model_name, 'file:' || e.source_files[1]], lambda tag: tag IS NOT NULL) AS tags,
      e.run_id AS source_run_id, e.task_id, e.prompt, s.category AS success_score, s.category AS source_category,
      left(e.text, 2000) AS embedding_text, e.timestamp AS created_at, e.provenance
    FROM read_json('{workspace}/data/scored-runs/**/*.jsonl', format = 'newline_delimited',
      maximum_object_size = 67108864, columns = {{evidence_run_id: 'VARCHAR', category: 'VARCHAR'}}) s
    JOIN read_json('{workspace}/data/evidence/**/*.jsonl', format = 'newline_delimited',
      maximum_object_size = 67108864, columns = {{
        run_id: 'VARCHAR', task_id: 'VARCHAR', timestamp: 'VARCHAR', model_name: 'VARCHAR', model_role: 'VARCHAR',
        prompt: 'VARCHAR', text: 'VARCHAR', source_files: 'VARCHAR[]', provenance: '{PROVENANCE}'}}) e
    ON e.run_id = s.evidence_run_id
    WHERE s.category IN ('accepted', 'partially_accepted') AND trim(e.text, E' \\t\\r\\n') <> ''
  ) TO '{out}' (FORMAT json)
""")
