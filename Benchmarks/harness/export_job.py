"""export-rag from scored runs and evidence, beside DuckDB, Polars, Node and the floor."""

import hashlib
import json
import pathlib
import sys

from . import rewind
from .result import Check, Result, Table, memory_check
from .workspace import Workspace

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"
REWIND = pathlib.Path(rewind.__file__).resolve()
COMPARED = ["content", "tags", "source_run_id", "task_id", "prompt", "source_category", "created_at", "provenance"]
# Cut at 120 and 2000 units: of UTF-16 in distill-make and Node (which may halve a character), else of code points.
CUT = ["title", "embedding_text"]


def export_rag(bench):
    space = Workspace(bench.folder / "runs", bench.program, bench.say, layout="mixed", runs=bench.scaled(200_000))
    space.clear()
    space.build("build-evidence")
    space.build("score")
    note = bench.folder / "runs-scored.txt"
    bench.run([sys.executable, REWIND, "remember", space.folder, note])
    back = [sys.executable, REWIND, "back", space.folder, note]
    space.build("export-rag")
    ours = space.folder / "exports/rag/playbooks.jsonl"
    expected = rows(ours)
    read = space.inputs("export-rag")
    written = list(space.outputs("export-rag").values())
    size = sum(read.values()) + sum(written)
    cached = cache_bytes(space.folder, note)

    measured = [bench.meter.row("distill-make", space.command("export-rag"), space.folder, back, size)]
    notes = [
        f"{len(expected):,} rows of {sum(1 for path in read if path.startswith('data/scored-runs/')):,} partitions; "
        f"{sum(read.values()) / 1e6:,.0f} MB read, {sum(written) / 1e6:,.0f} MB written. distill-make writes another "
        f"{cached / 1e6:,.0f} MB to its cache, which are not counted in bytes/s."
    ]
    out = bench.folder / "out"
    out.mkdir(exist_ok=True)
    for name, command in {
        "DuckDB": [bench.python, PEERS / "duckdb_export.py"],
        "Polars": [bench.python, PEERS / "polars_export.py"],
        "Node": ["node", PEERS / "node_export.mjs"],
    }.items():
        file = out / f"{name}.jsonl"
        measured.append(bench.meter.row(name, [*command, space.folder, file], bench.folder, ["rm", "-f", file], size))
        notes.append(compare(name, expected, rows(file)))
        file.unlink()

    names = bench.folder / "floor.txt"
    names.write_text("".join(f"{space.folder / path}\n" for path in read))
    for name, flags in {"floor": [], "floor, synced": ["--sync"]}.items():
        prefix = out / "floor"
        command = [bench.floor, *flags, names, prefix, *written]
        measured.append(bench.meter.row(name, command, bench.folder, ["sh", "-c", f"rm -f '{prefix}'*"], size))
    for number in range(len(written)):
        (out / f"floor{number}").unlink()

    own, duckdb, polars, node, floor = (row.median for row in measured[:5])
    return Result(
        "export-rag",
        [Table("export-rag", measured, notes)],
        [
            Check("export-rag, times as fast as DuckDB", duckdb / own, 3.5, at_least=True),
            Check("export-rag, times as fast as Polars", polars / own, 1.6, at_least=True),
            Check("export-rag, times as fast as Node", node / own, 10, at_least=True),
            Check("export-rag, times the floor", own / floor, 1.5),
            memory_check("export-rag", measured[0], space, bench.cores),
        ],
    )


def cache_bytes(folder, note):
    """Bytes of the cache files that were not there when the note was written."""
    kept = set(note.read_text().split("\n"))
    return sum(
        (folder / name).stat().st_size
        for name in rewind.files(folder)
        if name.startswith(".distill/") and name not in kept
    )


def rows(path):
    """By id, a digest of the fields that must be equal and one of those that are cut."""
    found = {}
    with open(path, "rb") as file:
        for line in file:
            row = json.loads(line)
            if row["id"] in found:
                raise SystemExit(f"{path.name} has {row['id']} twice")
            found[row["id"]] = tuple(
                hashlib.sha256(json.dumps([row[field] for field in fields], sort_keys=True).encode()).digest()
                for fields in (COMPARED, CUT)
            )
    return found


def compare(name, expected, found):
    """Stops the bench unless ids and the compared fields are the same."""
    if expected.keys() != found.keys():
        raise SystemExit(
            f"{name} exports other rows: {len(expected.keys() - found.keys())} missing, "
            f"{len(found.keys() - expected.keys())} too many"
        )
    other = sum(1 for id, row in expected.items() if row[0] != found[id][0])
    if other:
        raise SystemExit(f"{name} exports the same ids, but {other} rows with other {', '.join(COMPARED)}")
    cut = sum(1 for id, row in expected.items() if row[1] != found[id][1])
    return f"{name}: the same ids, {', '.join(COMPARED)}; title or embedding text is cut elsewhere in {cut:,} rows."
