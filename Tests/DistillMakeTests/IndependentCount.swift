/// Reads the three real sets and works out what must come of them, with Python's standard library alone: nothing of the
/// program under test, nor of its JSON library, is in it.
enum IndependentCount {
  /// Argument: the folder of the sets. Prints an object: `sources`, each with its counts and ids; `pairs`, how many
  /// there are by source and task; `secrets`, texts that only the benchmark's answers hold.
  static let script = #"""
    import hashlib, json, os, re, sys, unicodedata
    from collections import defaultdict
    from decimal import Decimal
    from glob import glob
    from json.encoder import encode_basestring

    class Number(str):
        pass

    def ecmascript(token):
        value = float(token)
        if value == 0:
            return "0"
        sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
        digits = "".join(map(str, digits))
        point, count = len(digits) + exponent, len(digits)
        if count <= point <= 21:
            text = digits + "0" * (point - count)
        elif 0 < point <= 21:
            text = digits[:point] + "." + digits[point:]
        elif -6 < point <= 0:
            text = "0." + "0" * -point + digits
        else:
            power = point - 1
            text = digits[0] + ("." + digits[1:] if count > 1 else "") + f"e{power:+d}"
        return ("-" if sign else "") + text

    def canonical(value):
        if isinstance(value, Number):
            text = ecmascript(value)
            return text if Decimal(text) == Decimal(str(value)) else str(value)
        if isinstance(value, str):
            return encode_basestring(value)
        if value is None or value is True or value is False:
            return {None: "null", True: "true", False: "false"}[value]
        if isinstance(value, list):
            return "[" + ",".join(map(canonical, value)) + "]"
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(encode_basestring(key) + ":" + canonical(value[key]) for key in keys) + "}"

    def sha256(text):
        return hashlib.sha256(text.encode()).hexdigest()

    def parse(text):
        return json.loads(text, parse_int=Number, parse_float=Number)

    def read(path):
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()

    SPACE = r"[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"

    def fold(text):
        return re.sub(SPACE, " ", unicodedata.normalize("NFC", text)).strip(" ")

    def blank(text):
        return text is None or fold(text) == ""

    os.chdir(sys.argv[1])
    runs, judgements, secrets = [], defaultdict(list), set()

    for path in sorted(glob("tau-airline/historical_trajectories/*-airline.json")):
        for record in parse(read(path)):
            texts = [m["content"] for m in record["traj"] if m["role"] == "assistant" and not blank(m.get("content"))]
            runs.append(dict(source="tau-airline", id=f"{record['task_id']}-{record['trial']}", task=record["task_id"],
                prompt=record["info"]["task"]["instruction"], text=texts[-1] if texts else None, record=record,
                good=float(record["reward"]) >= 0.999999))
            info = record["info"].get("reward_info") or {}
            if (info.get("info") or {}).get("gt_data_hash"):
                secrets.add(info["info"]["gt_data_hash"])

    for path in sorted(glob("bashkit-eval/results/eval-*.json")):
        document = parse(read(path))
        for record in document["results"]:
            messages = record["trace"]["messages"]
            text = None
            if messages and messages[-1]["role"] == "assistant":
                content = messages[-1]["content"]
                if isinstance(content, list):
                    content = "\n".join(block["text"] for block in content if block.get("type") == "text")
                text = content
            stem = os.path.basename(path)[: -len(".json")]
            runs.append(dict(source="bashkit-eval", id=f"{stem}-{record['task']['id']}", task=record["task"]["id"],
                prompt=record["task"]["prompt"], text=text, record=record,
                good=all(check["passed"] is True for check in record["score"]["results"])))

    for path in sorted(glob("mifeval-es/evaluations/es_input_response_data_*/eval_results_*.jsonl")):
        model = path.split("/")[2][len("es_input_response_data_"):]
        for line in read(path).split("\n"):
            if not line:
                continue
            record = parse(line)
            name = f"{model}-{sha256(canonical([record['prompt'], record['response']]))}"
            if "loose" in os.path.basename(path):
                judgements[name].append(record["follow_all_instructions"])
            else:
                runs.append(dict(source="mifeval-es", id=name, task=sha256(record["prompt"]), prompt=record["prompt"],
                    text=record["response"], record=record, good=record["follow_all_instructions"]))

    sources, sides = {}, defaultdict(lambda: {True: set(), False: set()})
    for name in ["tau-airline", "bashkit-eval", "mifeval-es"]:
        sources[name] = dict(read=0, accepted=0, rejected=0, needs_human_review=0, empty=0, rag=[], review=[], sft=[])
    for run in runs:
        counts = sources[run["source"]]
        counts["read"] += 1
        verdicts = {run["good"]} | set(judgements[run["id"]] if run["source"] == "mifeval-es" else [])
        counts["read"] += len(judgements[run["id"]]) if run["source"] == "mifeval-es" else 0
        digest = sha256(run["id"] + "|" + sha256(canonical(run["record"])))[:16]
        if len(verdicts) > 1:
            counts["needs_human_review"] += 1
            if not blank(run["text"]):
                counts["review"].append("rag-" + digest)
            continue
        counts["accepted" if run["good"] else "rejected"] += 1
        if not blank(run["text"]):
            sides[run["source"], run["task"], fold(run["prompt"])][run["good"]].add(fold(run["text"]))
        if run["good"]:
            if blank(run["text"]):
                counts["empty"] += 1
            else:
                counts["rag"].append("rag-" + digest)
                counts["sft"].append("sft-" + digest)

    # A text that its task has on both sides, whatever the prompt, is on neither.
    both = defaultdict(lambda: {True: set(), False: set()})
    for (source, task, prompt), side in sides.items():
        for good in (True, False):
            both[source, task][good] |= side[good]
    pairs = defaultdict(lambda: defaultdict(int))
    for (source, task, prompt), side in sides.items():
        contested = both[source, task][True] & both[source, task][False]
        number = min(5, len(side[True] - contested) * len(side[False] - contested))
        if number:
            pairs[source][task] += number

    for counts in sources.values():
        for key in ("rag", "review", "sft"):
            counts[key].sort()
    json.dump(dict(sources=sources, pairs=pairs, secrets=sorted(secrets)), sys.stdout)
    """#
}
