"""audit of about 1 GB of exports, beside hashing them and their evidence."""

from .build_jobs import two_at_a_time
from .result import Check, Result, Table
from .workspace import STAGES, Workspace


def audit(bench):
    space = Workspace(bench.folder / "runs", bench.program, bench.say, layout="mixed", runs=bench.scaled(200_000))
    space.clear()
    space.build("all")
    exports = {path: size for stage in STAGES[2:] for path, size in space.outputs(stage).items()}
    evidence = {path: size for path, size in space.outputs("build-evidence").items() if path.startswith("data/")}
    scored = space.outputs("score")
    everything = space.everything()

    # The logs are looked at only where the second row says so: the requirement is about exports and evidence.
    read = sum((exports | evidence | scored).values())
    own = bench.meter.row("audit --no-inputs", [bench.program, "audit", "--no-inputs"], space.folder, None, read)
    hashing = bench.meter.row(
        "openssl dgst -sha256 of exports and evidence, two at a time",
        two_at_a_time(bench, exports | evidence),
        space.folder,
        None,
        sum((exports | evidence).values()),
    )
    whole = bench.meter.row("audit", [bench.program, "audit"], space.folder, None, sum(everything.values()))
    notes = [
        f"{sum(exports.values()) / 1e6:,.0f} MB of exports with their quarantine, {sum(evidence.values()) / 1e6:,.0f} MB "
        f"of evidence; {sum(scored.values()) / 1e6:,.0f} MB of scored runs, which the audit reads, too, and which "
        "OpenSSL is not given.",
        f"The last row also maps {space.logs['bytes'] / 1e6:,.0f} MB of logs again.",
    ]
    space.clear()
    return Result(
        "audit",
        [Table("audit", [own, hashing, whole], notes)],
        [Check("audit of 1 GB of exports, times hashing", own.median / hashing.median, 2)],
    )
