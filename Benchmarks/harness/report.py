"""RESULTS.md from the results of all jobs."""


def markdown(results, machine, chart):
    lines = [
        "# Results",
        "",
        "Written by `make bench`; what the jobs are, and how to repeat them, is in [README.md](README.md).",
        "",
        f"distill-make {machine['program']} on {machine['cpu']}, {machine['cores']} cores, {machine['memory']}, "
        f"{machine['system']}. {machine['runs']} runs each after one to warm up; times are medians, with the fastest "
        f"and slowest in brackets. Peers: {machine['peers']}.",
        "",
    ]
    if machine["scale"] != 1:
        lines += [f"**Scale {machine['scale']:g}: a trial. The requirements are about the full sizes.**", ""]
    checks = [check for result in results for check in result.checks]
    missed = [check for check in checks if not check.holds]
    lines += ["## What was asked for", "", f"{len(checks) - len(missed)} of {len(checks)} requirements hold.", ""]
    lines += table(
        ["requirement", "asked for", "found", ""],
        [
            [
                check.text,
                f"{'at least' if check.at_least else 'at most'} {amount(check.limit, check.unit)}",
                amount(check.found, check.unit),
                "holds" if check.holds else "**missed**",
            ]
            for check in checks
        ],
    )
    lines += [
        "## What was measured",
        "",
        "Memory is the peak of the largest process. Bytes are what has to be read and written, each file once. "
        "The ratio is the time divided by that of the first row.",
        "",
        f"![chart]({chart})",
        "",
    ]
    for result in results:
        for measured in result.tables:
            lines += [f"### {measured.title}", ""]
            first = measured.rows[0].median
            lines += table(
                ["", "time", "peak memory", "bytes", "bytes/s"] + (["ratio"] if measured.ratios else []),
                [
                    [
                        row.name,
                        f"{seconds(row.median)} ({seconds(row.least)} to {seconds(row.most)})",
                        f"{row.memory / 1024:,.0f} MiB",
                        size(row.bytes) if row.bytes else "",
                        speed(row),
                    ]
                    + ([f"{row.median / first:.2f}"] if measured.ratios else [])
                    for row in measured.rows
                ],
            )
            lines += [f"* {note}" for note in measured.notes] + ([""] if measured.notes else [])
    return "\n".join(lines).rstrip() + "\n"


def table(head, rows):
    return [
        "| " + " | ".join(head) + " |",
        "| --- |" + " ---: |" * (len(head) - 1),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]


def amount(value, unit):
    digits = 0 if unit == "MiB" else 1 if unit == "ms" else 2
    return f"{value:,.{digits}f}" + ("" if unit == "x" else f" {unit}")


def seconds(value):
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def size(value):
    return f"{value / 1e9:.2f} GB" if value >= 1e9 else f"{value / 1e6:.1f} MB"


def speed(row):
    return f"{row.bytes / row.median / 1e6:,.0f} MB/s" if row.bytes else ""
