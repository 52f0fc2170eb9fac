"""Pools of made-up texts, of the kinds that agents' logs hold: prose in several scripts, code, diffs, stack traces,
terminal output, JSON inside text. Each text is kept as the inside of a JSON string, once with its own characters and
once with every character outside ASCII escaped, because both kinds of logs exist.
"""

import json
import random

ENGLISH = (
    "the a when after before because test cache parser branch queue retry lock index buffer request response handler "
    "thread value order total column schema token stream commit build fails passes returns writes reads drops skips "
    "holds empty stale wrong missing late twice once never always only user session timeout offset cursor window batch "
    "worker client server field key file folder path line page chunk record digest result caller loop edge case fix "
    "change check guard limit"
).split()
OTHER = [
    "der Fehler entsteht weil die Größe über den Puffer läuft und prüft später für jede Zeile".split(),
    "l’indice décalé après la clôture été où ça échoue déjà à côté du résultat vérifié".split(),
    "ошибка появляется когда очередь пуста и поток читает значение после закрытия файла".split(),
    "缓存 失效 之后 测试 通过 但是 索引 没有 更新 所以 结果 错误 修复 方法 如下".split(),
    "キャッシュ が 古い ため テスト は 失敗 し ます 修正 後 に 再実行 して ください".split(),
    "الاختبار يفشل عندما يكون الملف فارغا ثم ينجح بعد التصحيح".split(),
    "परीक्षण विफल होता है जब कतार खाली हो और फिर सफल".split(),
]
MARKS = ["✅", "❌", "🚀", "👩‍💻", "→", "—", "“quoted”", "…", "\u200b", "½", "𝛼", "e\u0301"]
NAMES = [
    "orders",
    "booking",
    "invoice",
    "search",
    "render",
    "upload",
    "ledger",
    "router",
    "mailer",
    "tokens",
    "catalog",
]


def words(rng, pool, low, high):
    return [rng.choice(pool) for _ in range(rng.randint(low, high))]


def prose(rng):
    sentences = []
    for _ in range(rng.randint(1, 5)):
        sentence = words(rng, ENGLISH, 6, 18)
        if rng.random() < 0.15:
            sentence.insert(rng.randrange(len(sentence)), rng.choice(MARKS))
        if rng.random() < 0.3:
            sentence.insert(rng.randrange(len(sentence)), f"`{rng.choice(NAMES)}.{rng.choice(ENGLISH)}()`")
        sentences.append(" ".join(sentence).capitalize() + ".")
    return " ".join(sentences)


def foreign(rng):
    pool = rng.choice(OTHER)
    return "\n".join(" ".join(words(rng, pool, 5, 14)) for _ in range(rng.randint(1, 4)))


def code(rng):
    name, other = rng.choice(NAMES), rng.choice(NAMES)
    indent = rng.choice(["\t", "    ", "  "])
    lines = ["```python", f"def {name}({other}, limit={rng.randint(1, 500)}):"]
    lines.append(f'{indent}"""Reads "{other}" and drops \'{name}\'."""')
    for _ in range(rng.randint(2, 9)):
        lines.append(
            rng.choice(
                [
                    f"{indent}if {other}[{rng.randint(0, 9)}] is None:\n{indent}{indent}return {{}}",
                    f'{indent}pattern = re.compile(r"^\\s*({name}|{other})\\\\(\\d+)$")',
                    f'{indent}log.info("{name}: %s\\n", {other})',
                    f"{indent}{name}_total += {other}.get('{rng.choice(ENGLISH)}', {rng.random():.4f})",
                ]
            )
        )
    return "\n".join(lines + ["```"])


def diff(rng):
    name = rng.choice(NAMES)
    start = rng.randint(1, 400)
    lines = [f"--- a/src/{name}.swift", f"+++ b/src/{name}.swift", f"@@ -{start},7 +{start},8 @@"]
    for _ in range(rng.randint(3, 12)):
        lines.append(
            rng.choice(" +-") + "\t" + " ".join(words(rng, ENGLISH, 2, 8)) + rng.choice(["", " {", " }", '"', "\\"])
        )
    return "\n".join(lines)


def trace(rng):
    lines = ["Traceback (most recent call last):"]
    for _ in range(rng.randint(2, 8)):
        file = f"/srv/app/{rng.choice(NAMES)}/{rng.choice(ENGLISH)}.py"
        lines.append(f'  File "{file}", line {rng.randint(1, 900)}, in {rng.choice(NAMES)}')
        lines.append("    " + " ".join(words(rng, ENGLISH, 3, 7)))
    return "\n".join(lines + [f"ValueError: '{rng.choice(ENGLISH)}' <> {rng.randint(-5, 9**9)}"])


def terminal(rng):
    lines = []
    for _ in range(rng.randint(2, 9)):
        word = f"\x1b[3{rng.randint(1, 6)}m{rng.choice(['PASS', 'FAIL', 'SKIP'])}\x1b[0m"
        lines.append(f"{word} {rng.choice(NAMES)}/{rng.choice(ENGLISH)}\t{rng.random():.3f}s")
    return "\r\n".join(lines)


def nested(rng):
    path = f"C:\\{rng.choice(NAMES)}\\{rng.choice(ENGLISH)}.txt"
    value = {rng.choice(ENGLISH): {"path": path, "note": rng.choice(MARKS), "n": rng.random()}}
    return json.dumps(value, indent=rng.choice([None, 2]))


KINDS = [(prose, 50), (foreign, 10), (code, 14), (diff, 10), (trace, 6), (terminal, 5), (nested, 5)]


class Pool:
    """Texts by number; `plain[i]` and `escaped[i]` are the same text."""

    def __init__(self, seed, count=4000):
        rng = random.Random(seed)
        kinds = rng.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS], k=count)
        texts = [kind(rng) for kind in kinds]
        self.plain = [json.dumps(text, ensure_ascii=False)[1:-1] for text in texts]
        self.escaped = [json.dumps(text)[1:-1] for text in texts]
        short = [" ".join(words(rng, ENGLISH, 5, 16)).capitalize() for _ in range(count)]
        self.titles = [title + rng.choice(["", "", "", " " + rng.choice(MARKS)]) for title in short]
        self.titles = [json.dumps(title, ensure_ascii=False)[1:-1] for title in self.titles]
        self.titles_escaped = [json.dumps(json.loads(f'"{title}"'))[1:-1] for title in self.titles]
