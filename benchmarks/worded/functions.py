"""Functions of a program library: titles with dots, types, versions, arguments, handles and microseconds."""

from __future__ import annotations

import itertools
import random

from any_corpus_made import Made

from worded.common import worded

rng = random.Random("functions")
MOD = "mesh grid.core io net.http audio geo.proj stats db.pool cli fmt".split()
VERB = "load parse merge split_rows to_bytes resample normalise open_stream fold iter_keys clamp flatten hash64 retry".split()
titles = [f"{m}.{v}" for m, v in itertools.product(MOD, VERB)]
rng.shuffle(titles)
titles = titles[:130]
T = "list[str]|dict[str, int]|bytes|numpy.ndarray|None|Iterator[Row]|pathlib.Path|tuple[int, ...]|float|str | None|Response|bool".replace(
    " | ", "§"
).split("|")
T = [t.replace("§", " | ") for t in T]
E = "ValueError|KeyError|TimeoutError|UnicodeDecodeError|FileNotFoundError|PoolExhausted|ConnectionResetError|StopIteration|GridMismatch".split(
    "|"
)
A = "--strict|max_size=1024|encoding='utf-8'|timeout=30.0|axis=-1|retries=5|mode=\"rb\"|eps=1e-9|*args|key=None|chunk=64".split(
    "|"
)
W = "is not thread-safe|copies its input|keeps the order of keys|blocks until the file is closed|never raises on empty input|caches the last 16 calls|releases the lock|needs a terminal".split(
    "|"
)


def facts(rng: random.Random) -> dict[str, str]:
    return {
        "ret": rng.choice(T),
        "exc": rng.choice(E),
        "arg": rng.choice(A),
        "ver": f"v{rng.randint(0, 6)}.{rng.randint(0, 20)}.{rng.randint(0, 9)}",
        "ms": f"{rng.randint(0, 40)}.{rng.randint(0, 99):02d} µs",
        "warn": rng.choice(W),
        "owner": "@" + rng.choice("mira-k jdoe42 t_okada nils.b ~root anna_p zed99 lh-core".split()),
        "cx": rng.choice(["O(1)", "O(n)", "O(n log n)", "O(n²)", "O(log n)", "O(n·m)"]),
        "repl": rng.choice(titles) + "_v2",
        "issue": f"#{rng.randint(10, 9999)}",
    }


groups = [
    [
        "`{name}` returns {ret} and raises {exc} when it fails. It was added in {ver}. Bug reports go to {owner}.",
        "Since {ver}. Calling `{name}` gives you {ret}; on bad input you get {exc}. The code is looked after by {owner}.",
        "{name} was introduced with release {ver}, result type {ret}. Watch out for {exc}. Maintainer: {owner}. See issue {issue}.",
    ],
    [
        "The default argument of {name} is {arg}. Note that it {warn}. Its complexity is {cx}; a call takes {ms}.",
        "Unless told otherwise {name} uses {arg}. It runs in {cx} and takes about {ms} per call on our machine. Keep in mind: it {warn}.",
        "We measured {ms} for {name}, as expected of {cx}. Default: {arg}. It {warn}. Use {repl} in new code.",
    ],
]
relations = {
    "ret": [
        "What does {name} return?",
        "What is the return type of {name}?",
        "What do I get back from {name}?",
        "{name} returns what",
        "Which type comes out of {name}?",
    ],
    "exc": [
        "Which exception does {name} raise?",
        "What error can {name} throw?",
        "What happens when {name} fails?",
        "what do I have to catch around {name}",
        "Name the exception that {name} raises.",
    ],
    "ver": [
        "In which version was {name} added?",
        "Since which release does {name} exist?",
        "When was {name} introduced?",
        "{name} available since",
        "How old is {name}, in versions?",
    ],
    "arg": [
        "What is the default argument of {name}?",
        "What does {name} use by default?",
        "Which argument does {name} have by default?",
        "default of {name}",
        "If I give no options to {name}, what is used?",
    ],
    "ms": [
        "How long does a call of {name} take?",
        "How fast is {name}?",
        "What is the running time of {name}?",
        "{name} speed",
        "How many microseconds does {name} need?",
    ],
    "owner": [
        "Who maintains {name}?",
        "Who is the owner of {name}?",
        "Whom do I ask about {name}?",
        "maintainer of {name}",
        "Who looks after {name}?",
    ],
}
unasked = {"cx": ["What is the complexity of {name}?"], "repl": ["What replaces {name}?"]}


def functions() -> Made:
    return worded("functions", titles, facts, groups, relations, unasked)
