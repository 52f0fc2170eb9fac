"""Nothing to do, and one line more."""

import pathlib
import shutil
import sys

from . import append
from .result import Check, Result, Table, memory_check
from .workspace import Workspace

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"


def nothing_to_do(bench):
    tables, checks = [], []
    for runs, wanted in ((bench.scaled(100_000), "many"), (10, "ten")):
        space = Workspace(bench.folder / f"small-{runs}", bench.program, bench.say, layout="small", runs=runs, days=30)
        space.clear()
        space.build("all")
        commit(bench, space)
        commands = {
            "distill-make all": space.command("all"),
            "git status": ["git", "status"],
            "dvc repro": [bench.python.parent / "dvc", "repro", "--quiet"],
        }
        # What the program reads when there is nothing to do is its index, so there is no number of bytes to give.
        rows = [bench.meter.row(name, command, space.folder) for name, command in commands.items()]
        tables.append(Table(f"nothing to do, {runs:,} logs", rows))
        own, status, repro = (row.median for row in rows)
        if wanted == "ten":
            checks.append(Check("nothing to do, ten logs", own * 1000, 20, "ms"))
        else:
            checks.append(Check(f"nothing to do, {runs:,} logs, times git status", own / status, 1.5))
            checks.append(
                Check(f"nothing to do, {runs:,} logs, times as fast as dvc repro", repro / own, 20, at_least=True)
            )
            checks.append(memory_check(f"nothing to do, {runs:,} logs", rows[0], space, bench.cores))
    return Result("noop", tables, checks)


def commit(bench, space):
    """The whole tree but the caches goes into git; DVC has a stage that depends on all logs."""
    for name in (".git", ".dvc"):
        shutil.rmtree(space.folder / name, ignore_errors=True)
    for name in ("dvc.yaml", "dvc.lock", ".dvcignore", "runs.jsonl"):
        (space.folder / name).unlink(missing_ok=True)
    dvc = bench.python.parent / "dvc"
    shutil.copy(PEERS / "dvc.yaml", space.folder)
    (space.folder / ".gitignore").write_text(".distill/\n/runs.jsonl\n")
    for command in (
        ["git", "init", "-q"],
        [dvc, "init", "-q"],
        [dvc, "config", "core.analytics", "false"],
        [dvc, "config", "core.check_update", "false"],
        [dvc, "repro", "-q"],
        ["git", "add", "."],
        ["git", "commit", "-q", "-m", "logs and what was built from them"],
    ):
        bench.run(command, cwd=space.folder)


def one_line_more(bench):
    size = bench.scaled(1_000_000_000)
    space = Workspace(bench.folder / "one", bench.program, bench.say, layout="one", size=size)
    space.forget()
    log = "logs/fixes/0.jsonl"
    space.clear()
    space.build("all")
    files = space.everything()
    cold = bench.meter.row("cold build", space.command("all"), space.folder, space.clearing(), sum(files.values()))
    before = space.digests()
    more = [sys.executable, pathlib.Path(append.__file__).resolve(), log]
    bench.run(more, cwd=space.folder)
    space.build("all")
    changed = [path for path, digest in space.digests().items() if before.get(path) != digest]
    appended = bench.meter.row("one line appended", space.command("all"), space.folder, more, space.logs["bytes"])

    copies = bench.folder / "copies"
    names = bench.folder / "changed.txt"
    names.write_text("".join(f"{path}\n" for path in changed))
    each = f"xargs -d '\\n' -a '{names}'"
    hash_log = bench.meter.row(
        "openssl dgst -sha256 of the log", ["openssl", "dgst", "-sha256", log], space.folder, None, space.logs["bytes"]
    )
    changed_bytes = sum((space.folder / path).stat().st_size for path in changed)
    copy = bench.meter.row(
        "cp and openssl dgst -sha256 of what changed",
        ["sh", "-c", f"{each} cp --parents -t '{copies}' && {each} openssl dgst -sha256"],
        space.folder,
        ["sh", "-c", f"rm -rf '{copies}' && mkdir '{copies}'"],
        2 * changed_bytes,
    )
    shutil.rmtree(copies)
    limit = hash_log.median + copy.median + 0.1 * cold.median
    notes = [
        f"{len(changed)} of {len(before):,} outputs change, {changed_bytes / 1e6:,.0f} MB.",
        f"The limit is hashing the log ({hash_log.median:.2f} s), copying and hashing what changed "
        f"({copy.median:.2f} s) and 10 % of the cold build ({0.1 * cold.median:.2f} s).",
        f"{cold.median / appended.median:.1f} times as fast as the cold build.",
    ]
    return Result(
        "append",
        [Table("one line appended to a log", [appended, cold, hash_log, copy], notes)],
        [
            Check("one line appended", appended.median, limit, "s"),
            memory_check("one line appended", appended, space, bench.cores),
        ],
    )
