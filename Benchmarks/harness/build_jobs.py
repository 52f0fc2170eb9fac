"""Cold builds of everything: beside hashing, by size, and by number of partitions."""

from .report import size as bytes_text
from .result import Check, Result, Table, memory_check
from .workspace import Workspace


def build_all(bench):
    space = raw(bench, 1_000_000_000)
    space.clear()
    space.build("all")
    files = space.everything()
    size = sum(files.values())
    own = bench.meter.row("distill-make all", space.command("all"), space.folder, space.clearing(), size)
    times = space.stage_times()
    hashing = bench.meter.row(
        "openssl dgst -sha256, two at a time", two_at_a_time(bench, files), space.folder, None, size
    )
    notes = [
        f"{space.logs['bytes'] / 1e6:,.0f} MB of logs in {space.logs['files']} files, {space.logs['records']:,} "
        f"records; {size / 1e6:,.0f} MB in {len(files):,} files with what is written.",
        "In the last run: " + ", ".join(f"{stage} {ms / 1000:.2f} s" for stage, ms in times.items()) + ".",
    ]
    space.clear()
    return Result(
        "all",
        [Table("all, cold", [own, hashing], notes)],
        [
            Check("all from raw logs, times hashing all bytes", own.median / hashing.median, 3),
            memory_check("all", own, space, bench.cores),
        ],
    )


def growth(bench):
    rows, checks, notes = [], [], []
    for gigabytes in (0.1, 1, 5):
        space = raw(bench, int(gigabytes * 1e9))
        # Outputs of 5 GB of logs are more than memory holds, so a run takes minutes.
        runs = min(bench.runs, 3) if gigabytes >= 5 else bench.runs
        row = bench.meter.row(
            f"{bytes_text(space.logs['bytes'])} of logs", space.command("all"), space.folder, space.clearing(), runs=runs
        )
        row.bytes = sum(space.everything().values())
        rows.append(row)
        notes.append(f"{row.name}: {row.median / space.logs['bytes'] * 1e9:.2f} s for each GB of logs; {runs} runs.")
        checks.append(memory_check(f"all, {row.name}", row, space, bench.cores))
        space.clear()
    costs = [row.median / row.bytes for row in rows]
    # Memory must not follow the size of the logs. So much takes too long, and too much disk, for more than one run and for
    # the exports.
    space = raw(bench, 10_000_000_000)
    space.clear()
    name = f"{bytes_text(space.logs['bytes'])} of logs, up to score"
    row = bench.meter.once(name, space.command("score"), space.folder)
    row.bytes = sum((space.inputs("build-evidence") | space.outputs("build-evidence") | space.outputs("score")).values())
    rows.append(row)
    notes.append(f"{name}: one run.")
    checks.append(memory_check(name, row, space, bench.cores))
    space.remove()
    checks.insert(0, Check("cost for a byte, 0.1, 1 and 5 GB: most over least", max(costs) / min(costs), 1.1))
    return Result("growth", [Table("all, cold, by size", rows, notes, ratios=False)], checks)


def partitions(bench):
    """The same runs on 1, 100 and 10,000 days: the logs differ in the digits of times."""
    rows, notes, sizes = [], [], set()
    for days in (1, 100, 10_000):
        space = Workspace(
            bench.folder / f"days-{days}", bench.program, bench.say, layout="one", runs=bench.scaled(200_000), days=days
        )
        space.clear()
        space.build("all")
        found = sum(1 for path in space.outputs("score") if path.startswith("data/scored-runs/"))
        size = sum(space.everything().values())
        sizes.add(space.logs["bytes"])
        rows.append(
            bench.meter.row(
                f"{found:,} partition{'s' if found > 1 else ''}",
                space.command("all"),
                space.folder,
                space.clearing(),
                size,
            )
        )
        notes.append(
            f"{rows[-1].name}: "
            + ", ".join(f"{stage} {ms / 1000:.2f} s" for stage, ms in space.stage_times().items())
            + "."
        )
        space.clear()
    if len(sizes) != 1:
        raise SystemExit(f"the logs for the partitions differ in bytes: {sizes}")
    times = [row.median for row in rows]
    return Result(
        "partitions",
        [Table("all, cold, by partitions of the same logs", rows, notes)],
        [Check("1, 100, 10,000 partitions: most over least", max(times) / min(times), 1.3)],
    )


def raw(bench, size):
    scaled = bench.scaled(size)
    return Workspace(bench.folder / f"raw-{scaled}", bench.program, bench.say, layout="mixed", size=scaled)


def two_at_a_time(bench, files):
    """Hashes all files with two processes that have as many bytes to read each."""
    shares = [[], []]
    bytes_of = [0, 0]
    for path, size in sorted(files.items(), key=lambda item: -item[1]):
        less = bytes_of.index(min(bytes_of))
        shares[less].append(path)
        bytes_of[less] += size
    names = []
    for number, share in enumerate(shares):
        names.append(bench.folder / f"hash-{number}.txt")
        names[-1].write_text("".join(f"{path}\n" for path in share))
    hash_of = "xargs -d '\\n' -a '{}' openssl dgst -sha256"
    return ["sh", "-c", f"{hash_of.format(names[0])} & {hash_of.format(names[1])}; wait"]
