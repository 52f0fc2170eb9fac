"""export-rag as a user of Polars writes it: polars_export.py WORKSPACE OUT."""

import sys

import polars as pl
import polars_hash as plh

PROVENANCE = pl.Struct(
    {
        "source": pl.String,
        "source_file": pl.String,
        "line_offset": pl.Int64,
        "byte_offset": pl.Int64,
        "byte_length": pl.Int64,
        "sig_hash": pl.String,
        "recorded_at": pl.String,
    }
)

workspace, out = sys.argv[1:]
scored = pl.scan_ndjson(
    f"{workspace}/data/scored-runs/**/*.jsonl", schema={"evidence_run_id": pl.String, "category": pl.String}
)
evidence = pl.scan_ndjson(
    f"{workspace}/data/evidence/**/*.jsonl",
    schema={
        "run_id": pl.String,
        "task_id": pl.String,
        "timestamp": pl.String,
        "model_name": pl.String,
        "model_role": pl.String,
        "prompt": pl.String,
        "text": pl.String,
        "source_files": pl.List(pl.String),
        "provenance": PROVENANCE,
    },
)

text, task, category, provenance = pl.col("text"), pl.col("task_id"), pl.col("category"), pl.col("provenance")
key = pl.concat_str([pl.col("run_id"), provenance.struct.field("sig_hash")], separator="|")
tags = pl.concat_list(
    [
        pl.lit("task:") + task.str.split(":").list.first(),
        pl.lit("category:") + category,
        pl.lit("role:") + pl.col("model_role"),
        pl.lit("model:") + pl.col("model_name"),
        pl.lit("file:") + pl.col("source_files").list.first(),
    ]
)
(
    evidence.join(
        scored.filter(category.is_in(["accepted", "partially_accepted"])),
        left_on="run_id",
        right_on="evidence_run_id",
        maintain_order="none",
    )
    .filter(text.str.strip_chars() != "")
    .select(
        schema_version=pl.lit(1),
        id=pl.lit("rag-") + plh.concat_str([key]).chash.sha2_256().str.slice(0, 16),
        title=text.str.strip_chars().str.split("\n").list.first().str.slice(0, 120).str.strip_chars(),
        content=text,
        tags=tags.list.drop_nulls(),
        source_run_id=pl.col("run_id"),
        task_id=task,
        prompt=pl.col("prompt"),
        success_score=category,
        source_category=category,
        embedding_text=text.str.slice(0, 2000),
        created_at=pl.col("timestamp"),
        provenance=provenance,
    )
    .sink_ndjson(out)
)
