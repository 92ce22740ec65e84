"""Write the figures of README.md and of some pages of docs/ from results/*.json, or say that they differ (--check).

`<!-- figures: NAME, … -->` opens a block; NAME is one of BLOCKS.

The comparisons are what `closedbook compare` left: studies/fast/comparison.json is kept as results/compare-fast.json.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import statistics
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ladder import climbed

from closedbook.formatting import percent, points
from closedbook.studies.comparison_page import comparison_table
from closedbook.verdicts.verdict import VERDICTS

ROOT = Path(__file__).parents[1]
NO_BREAK = "\N{NO-BREAK SPACE}"
BLOCK = re.compile(r"(<!-- figures: (\w+)[^>]*-->\n).*?(<!-- /figures -->)", re.DOTALL)


def load(name: str) -> dict[str, Any] | None:
    path = ROOT / "results" / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


FORMER = {
    "fast-all": "`fast` with all titles trained, as it was before",
    "fast-cues": "`fast` on cues and the training questions alone, as it was before that",
    "fast-hashed": "`fast` with a hashed memory of n-grams, as it was at first",
    "fast-3000-steps": "`fast` at 3,000 steps",
}
"""Of each recipe that is not one of today's, what its row says."""


def accuracy_rows() -> list[str]:
    rows = []
    for name in OURS:
        if data := load(f"accuracy-{name}.json"):
            label = FORMER.get(name, f"`{name}`")
            s = data["summary"]
            spread = "" if s["spread"] is None else f" ± {100 * s['spread']:.1f}"
            threads = {cell["threads"] for cell in data["cells"].values()}
            cores = " or ".join({1: "one core", 2: "two cores"}.get(n, f"{n} cores") for n in sorted(threads))
            seeds = f"mean of {s['seeds']} seeds" if s["seeds"] > 1 else "one seed"
            rows.append(
                f"| {label}, {seeds}, {cores}, {s['mean_wall_seconds'] / 60:.1f} min "
                f"| **{100 * s['mean_accuracy']:.1f}{spread} %** |"
            )
    return rows


def reader_rows() -> list[str]:
    data = load("readers.json")
    if not data:
        return []
    return [f"| {r['name']}: {r['summary']} | {percent(r['accuracy'])} |" for r in data["dev"][1:]]


PUBLISHED = [
    ("the course's recipe without pretraining (published)", 0.014),
    ("softmax attention, pretrained (published)", 0.230),
    ("Synthesizer, pretrained (published)", 0.144),
    ("the best single public model, rotary positions (published)", 0.404),
    ("a vote of 33 public models (published)", 0.448),
    ("open book: a regular expression on the person's page (published)", 0.858),
]


PLAIN, RELATIONS = "plain, dev and test", "relations, dev and test / dev"
NAMES, LABELS = f"{PLAIN} / names", f"{PLAIN} / labels"
BEYOND = [  # what was asked, where its score is, and where that of what stands beside it is
    ("birthplace, in the trained wording", f"{PLAIN} / wordings / trained", None),
    ("in five wordings never trained on", f"{PLAIN} / wordings / unseen", None),
    *(
        (f"named {way} (the same people in full)", f"{NAMES} / {way} / shortened", f"{NAMES} / {way} / full")
        for way in ("without the middle initial", "in lower case", "surname only")
    ),
    *(
        (
            f"{name}, after 100 questions (always the commonest)",
            f"{RELATIONS} / {name}",
            f"{RELATIONS} / {name} / most_common",
        )
        for name in ("birth year", "nationality")
    ),
    (
        "birthplaces as a rule reads them, test people (dev people)",
        f"{LABELS} / test people, the rule's label",
        f"{LABELS} / dev people, the rule's label",
    ),
]


def beyond() -> list[str]:
    """What a run knows beyond one template, as a table; nothing before dev was scored."""
    scored = (load("beyond.json") or {}).get("summary", {})
    if any(path not in scored for _, path, _ in BEYOND):
        return []
    seeds = scored[BEYOND[0][1]]["seeds"]
    rows = [f"| asked of dev people, {f'mean of {seeds} seeds' if seeds > 1 else 'one seed'} | right |", "|---|---|"]
    for name, path, beside in BEYOND:
        also = f" ({percent(scored[beside]['mean'])})" if beside else ""
        rows.append(f"| {name} | {percent(scored[path]['mean'])}{also} |")
    return rows


def figures() -> str:
    lines = ["| 500 dev people of the course's data, exact match | right |", "|---|---|", *accuracy_rows()]
    lines += reader_rows()
    if course := load("course-unpretrained.json"):
        for cell in course["cells"].values():
            lines.append(f"| the course's recipe without pretraining, run here | {percent(cell['accuracy'])} |")
    lines += [f"| {name} | {percent(value)} |" for name, value in PUBLISHED]
    said = []
    if demo := load("demo.json"):
        said.append(
            f"`make demo` (after installation): {percent(demo['relations']['birthplace']['accuracy'])} of the "
            f"birthplaces of {demo['asked_people']} untrained people, after {demo['cpu_seconds'] / 60:.1f} minutes of "
            "processor time, all of it included; "
            f"{percent(demo['unseen_wordings']['birthplace']['accuracy'])} in wordings never trained "
            "on."
        )
    if speed := load("throughput.json"):
        cells = speed["cells"]
        for name in ("course", "course, bfloat16"):
            c = cells[name]
            rates, faster = c["real_tokens_per_second"], c["ours_packed_over"]
            said.append(
                f"The course's network on the course's batches, in {name.partition(', ')[2] or 'float32'}: "
                f"{rates['ours_packed']:,} real tokens a second against {rates['gpt2_padded']:,} by Hugging Face's "
                f"GPT2LMHeadModel on the padded batches, in turn ({faster['gpt2_padded']}×; "
                f"{faster['gpt2_padded, memory kept']}× where its malloc is told what ours is)."
            )
        worst, usual = cells["decode"], cells["decode, trained"]
        said.append(
            f"500 questions by the course's network take {usual['seconds']} s where its answers end "
            f"({usual['characters_an_answer']} characters on average), and {worst['seconds']} s where each runs to 32, "
            f"{worst['times_faster']}× less than one at a time without a cache "
            f"(extrapolated from {worst['one_at_a_time_measured_on']})."
        )
    if out := (load("verdict.json") or {"cells": {}})["cells"].get("course taken out"):
        effect, met = out["effect"]["all"], out["met"]["auroc"]["pass"]["by_model"]
        said.append(
            f"Why pretraining helps: with a person's page in the corpus {percent(effect['accuracy_in'])} of "
            f"{out['asked']} people nobody was asked about in training are answered rightly, without it "
            f"{percent(effect['accuracy_out'])} ({out['models']} models, every page in half of them). "
            f"Blind, the model tells whose page it had from whose it had not: AUROC {min(met):.3f} to {max(met):.3f}."
        )
    if rows := beyond():
        said.append("\n".join(rows))
    return "\n".join(lines) + "\n" + "".join(f"\n{sentence}\n" for sentence in said)


COMPARED = {  # results/compare-NAME.json, and under which recipe its mixers were trained
    "course": "The course's recipe",
    "no-memory": "`fast` without memory",
    "fast": "`fast`",
    "fast-longer": "`fast`, four times as long",
}


def mixers() -> str:
    """The comparisons that there are, and speed beside the plain formulas."""
    parts = []
    for name, title in COMPARED.items():
        if record := load(f"compare-{name}.json"):
            steps = next(iter(record["cells"].values()))["steps"]
            lengths = ", ".join(f"{count:,} of {stage}" for stage, count in steps.items())
            some = record["summary"]["rows"][0]
            seeds = ", ".join(map(str, some["seeds"]))
            said = f"**{title}**: {lengths}, in steps; seeds {seeds}; {some['questions']} kept-out questions."
            parts.append(f"{said}\n\n{comparison_table(record)}")
    if speed := load("mixers.json"):
        cells = speed["cells"]
        rows = ["| times as fast as its plain formula | mixer, block 128 | step | mixer, block 1,024 | step |"]
        rows.append("|---|---|---|---|---|")
        for name in dict.fromkeys(key.partition(",")[0] for key in cells):
            found = [cells.get(f"{name}, block {block}") for block in (128, 1024)]
            rates = [f"{one[what]['times_faster']:.2f}" if one else "–" for one in found for what in ("mixer", "step")]
            rows.append(f"| {name} | {' | '.join(rates)} |")
        parts.append("\n".join(rows))
    return "\n\n".join(parts or ["Not measured yet."]) + "\n"


def ladder() -> str:
    """What each ingredient of `fast` is worth, as a table."""
    data = load("ladder.json")
    if not data:
        return "Not measured yet.\n"
    rungs = climbed(data["cells"])
    base = next(accuracy for name, accuracy, _ in rungs if name == "fast")
    lines = ["| changed | right of 820 kept-out questions | difference |", "|---|---|---|"]
    for name, accuracy, _ in rungs:
        difference = "" if name == "fast" else points(accuracy - base)
        lines.append(f"| {'**nothing**' if name == 'fast' else name} | {percent(accuracy)} | {difference} |")
    return "\n".join(lines) + "\n"


PRECISIONS = ("0.8", "0.9", "0.95")


def verdicts() -> str:
    """What verdicts are worth: a row for each figure that is asked for, a value for each seed."""
    data = load("verdict.json")
    cells = data["cells"] if data else {}
    seeds = {
        where: [cell for name, cell in sorted(cells.items()) if name.startswith(f"{where} seed")]
        for where in ("course", "world")
    }
    if not all(seeds.values()):
        return "Not measured yet.\n"

    def row(name: str, target: str, value: Callable[[dict[str, Any]], str]) -> str:
        columns = [" · ".join(value(cell["blind, pass"]) for cell in seeds[where]) for where in seeds]
        return f"| {name} | {target} | {' | '.join(columns)} |"

    def ranked(one: dict[str, Any]) -> str:
        low, high = one["auroc_interval"]
        return f"{one['auroc']:.3f} ({low:.3f} to {high:.3f})"

    def kept(precision: str) -> Callable[[dict[str, Any]], str]:
        def said(blind: dict[str, Any]) -> str:
            one = blind["given"][precision]
            low, high = one["interval"]
            return f"{100 * one['precision']:.1f} ({100 * low:.1f} to {100 * high:.1f})"

        return said

    lines = [
        "| blind, one pass | asked for | course | worlds |",
        "|---|---|---|---|",
        row("right, %", "", lambda x: f"{100 * x['probability']['accuracy']:.1f}"),
        row("AUROC", "≥ 0.90", lambda x: ranked(x["probability"])),
        row("AUROC of the network's own probability", "", lambda x: f"{x['model_probability']['auroc']:.3f}"),
        row("excess AURC, ratio to the own", "≤ 0.5", lambda x: f"{x['excess_aurc_ratio']:.2f}"),
        row("calibration error less expected", "≤ 0.03", lambda x: f"{x['calibration_gap']:.3f}".replace("-", "−")),
        row("Brier, ratio to the constant's", "< 1",
            lambda x: f"{x['probability']['brier'] / x['probability']['brier_of_the_constant']:.2f}"),
        *(row(f"right of those given at --precision {p}, %", p, kept(p)) for p in PRECISIONS),
    ]  # fmt: skip
    met = ["| blind, `met` | asked for | course | worlds |", "|---|---|---|---|"]

    def also(name: str, target: str, value: Callable[[str], str]) -> None:
        met.append(f"| {name} | {target} | {' | '.join(value(where) for where in seeds)} |")

    def invented(where: str) -> str:
        each = [cell["strangers"]["invented"]["met_against_known"] for cell in seeds[where]]
        return " · ".join(f"{x['auroc']:.3f} ({x['interval'][0]:.3f} to {x['interval'][1]:.3f})" for x in each)

    def taken(*judges: str) -> Callable[[str], str]:
        def said(where: str) -> str:
            found = (cells.get(f"{where} taken out") or {}).get("met")
            if not found:
                return "not measured"
            each = [found["auroc"][judge]["by_model"] for judge in judges]
            values = each[0] if len(each) == 1 else [a - b for a, b in zip(*each, strict=True)]
            mean = sum(values) / len(values)
            return f"{mean:.3f} (of {len(values)} models: {min(values):.3f} to {max(values):.3f})"

        return said

    also("AUROC, invented people", "≥ 0.98", invented)
    also("AUROC, pages taken out", "", taken("pass"))
    also("the same, above a classifier of names", "≥ 0.10", taken("pass", "names only"))
    index = ["| with the index | course | worlds |", "|---|---|---|"]

    def counted(name: str, value: Callable[[dict[str, Any]], str]) -> None:
        each = (" · ".join(value(cell["with the index"]) for cell in seeds[where]) for where in seeds)
        index.append(f"| {name} | {' | '.join(each)} |")

    counted("right among remembered, %", lambda x: f"{100 * x['remembered']['accuracy']:.1f}")
    counted("wrong, though it stands in the person's documents", lambda x: str(x["wrong_but_stands_in"]))
    counted("of them called remembered", lambda x: str(x["wrong_but_remembered"]))
    parts = [lines, met, index]
    if looked := cells.get("lookups"):
        times = looked["milliseconds"]
        said = ", ".join(
            f"{kind} names {one['median']} ms ({one['p95']} ms in 19 of 20)" for kind, one in times.items()
        )
        parts.append([f"Looking up in a corpus of {looked['lines']:,} lines, in the median: {said}."])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def by_verdict() -> str:
    """How many answers got each verdict, and how many of them were right: all seeds together."""
    data = load("verdict.json")
    if not data:
        return "Not measured yet.\n"
    seeds = [
        [cell for name, cell in data["cells"].items() if name.startswith(f"{where} seed")]
        for where in ("course", "world")
    ]
    lines = ["| right, of the answers with this verdict | course | built-in worlds |", "|---|---|---|"]

    def add(name: str, score: Callable[[dict[str, Any]], tuple[int, int]]) -> None:
        columns = []
        for cells in seeds:
            right, total = map(sum, zip(*map(score, cells), strict=True))
            columns.append(f"{right:,} of {total:,}, {percent(right / total)}" if total else "none given")
        lines.append(f"| {name} | {' | '.join(columns)} |")

    for verdict in VERDICTS:

        def score(cell: dict[str, Any], verdict: str = verdict) -> tuple[int, int]:
            one = cell["with the index"]["right_by_verdict"].get(verdict, {"correct": 0, "total": 0})
            return one["correct"], one["total"]

        add(f"*{verdict}*", score)

    def blind(cell: dict[str, Any]) -> tuple[int, int]:
        one = cell["blind, pass"]["given"]["0.9"]
        return one["correct"], one["answered"]

    add("*remembered*, blind", blind)
    return "\n".join(lines) + "\n"


ASKED = 500  # dev questions
# results/accuracy-NAME.json
OURS = ("fast", "fast-all", "fast-cues", "fast-hashed", "best", "fast-small", "fast-3000-steps")


COURSE = {
    "course-vanilla": ("softmax attention, the course's recipe, run to the end here", 3_323_392),
    "course-synthesizer": ("Synthesizer, the course's recipe, run to the end here", 3_076_988),
}
"""Of each recipe that was run to the end, what its row says, and the network's parameters."""


def public_rows() -> list[dict[str, Any]]:
    """What others have published: benchmarks/leaderboard.toml."""
    path = ROOT / "benchmarks" / "leaderboard.toml"
    return list(tomllib.loads(path.read_text(encoding="utf-8"))["row"])


def minutes(seconds: list[float]) -> str:
    """One time, or the least and the most, in minutes."""
    low, high = (f"{of(seconds) / 60:.1f}" for of in (min, max))
    return low if low == high else f"{low} to {high}"


def headline() -> str:
    """The five figures of the first screen: closed book, open book, others, guessing, and whose page was read."""
    fast, readers, judged = load("accuracy-fast.json"), load("readers.json"), load("verdict.json")
    if not (fast and readers and judged):
        return "Not measured yet.\n"
    read = {one["name"]: percent(one["accuracy"]) for one in readers["dev"]}
    spent = minutes([cell["wall_seconds"] for cell in fast["cells"].values()])
    million = next(iter(fast["cells"].values()))["parameters"]["total"] / 1e6
    count = len(fast["cells"])
    seeds = f"{ {1: 'one', 2: 'two', 3: 'three', 4: 'four', 5: 'five'}[count] } seed{'s' if count > 1 else ''}"
    best = max(public_rows(), key=lambda row: row["correct"])
    met = judged["cells"]["course taken out"]["met"]["auroc"]["pass"]
    rows = [
        ("| asked about people it was never asked about in training", "right"),
        ("|---", "---"),
        (f"| **closed book**: `fast`, {million:.1f} million parameters, {seeds}, {spent} minutes on a CPU",
         f"**{percent(fast['summary']['mean_accuracy'])}**"),
        ("| open book: a rule, and a trained reader, with the person's page at hand",
         f"{read['rule-reader'].removesuffix(' %')} and {read['learned-reader']}"),
        (f"| best public closed-book model we know of ({best['minutes']:.0f} minutes on a GPU)",
         percent(best["correct"] / ASKED)),
        ("| always “London”", read["constant"]),
        ("| telling people it has read about from others, from the model alone: AUROC (0.5 is chance, 1 perfect)",
         f"{met['mean']:.3f}"),
    ]  # fmt: skip
    # A narrow column must not part a figure from its sign.
    return "".join(f"{what} | {figure.replace(' ', NO_BREAK)} |\n" for what, figure in rows)


def scale() -> str:
    """What the leaderboard's scores stand beside."""
    read = {one["name"]: percent(one["accuracy"]) for one in (load("readers.json") or {"dev": []})["dev"]}
    constant, rule, learned, most = (read[n] for n in ("constant", "rule-reader", "learned-reader", "ceiling"))
    return f"""\
For scale: always answering "London" is right for {constant}. With the person's page before them, a rule of one line
gets {rule} and a trained reader {learned}. Of the answers, {most} stand in the person's own page at all
([all figures](figures.md)).
"""


def leaderboard() -> str:
    """All closed-book models that we know of, ours and others', best first."""
    rows: list[tuple[float, str]] = []

    def add(accuracy: float, *rest: str) -> None:
        rows.append((accuracy, " | ".join((percent(accuracy), *rest))))

    for name in OURS:
        if data := load(f"accuracy-{name}.json"):
            cells, summary = list(data["cells"].values()), data["summary"]
            label = FORMER.get(name, f"`{name}`")
            seeds = f"{label}, mean of {len(cells)} seeds" if len(cells) > 1 else f"{label}, one seed"
            add(summary["mean_accuracy"], seeds, *size_and_time(cells), f"[here](../results/accuracy-{name}.json)")
    if course := load("course-unpretrained.json"):
        cells = list(course["cells"].values())
        accuracy = statistics.mean(cell["accuracy"] for cell in cells)
        seconds = [sum(cell["seconds"].values()) for cell in cells]
        add(accuracy, "no pretraining, the course's recipe", "3,323,392", minutes(seconds), "CPU, one core",
            "[here](../results/course-unpretrained.json)")  # fmt: skip
    for cell in (load("course-full.json") or {"cells": {}})["cells"].values():
        if cell["finished"]:
            name, size = COURSE[cell["recipe"]]
            add(cell["accuracy"], name, f"{size:,}", minutes([cell["training_seconds"]]),
                "CPU, two cores, beside other work", "[here](../results/course-full.json)")  # fmt: skip
    for row in public_rows():
        spent = f"{row['minutes']:.1f}" if "minutes" in row else "not said"
        link = f"[{row['source'].partition('/')[0]}](https://github.com/{row['source']}), `{row['file']}`"
        add(row["correct"] / ASKED, row["name"], f"{row['parameters']:,}", spent, row.get("hardware", "not said"), link)
    lines = ["| right | model | parameters | minutes | hardware | source |", "|---|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {row} |" for _, row in sorted(rows, key=lambda one: -one[0]))]) + "\n"


def size_and_time(cells: list[dict[str, Any]]) -> tuple[str, str, str]:
    """Parameters, minutes and hardware of some runs of one recipe."""
    parts = cells[0]["parameters"]
    threads = sorted({cell["threads"] for cell in cells})
    cores = " or ".join({1: "one core", 2: "two cores"}.get(count, f"{count} cores") for count in threads)
    size = f"{parts['total']:,}, memory {parts['memory']:,}"
    return size, minutes([cell["wall_seconds"] for cell in cells]), f"CPU, {cores}"


WAYS = {
    "names, asked, in doubt": "a memory of names, on cues and on questions about everybody (the recipe)",
    "names, asked": "a memory of names, on the same, sure of every answer that was read",
    "documents": "all weights, on whole documents and the questions",
    "questions": "all weights, on the questions alone",
    "cues, all weights, asked, in doubt": "all weights, on what the recipe is taught",
    "cues, all weights, text, asked, in doubt": "all weights, on that and other text",
    "cues, upper half, asked, in doubt": "the upper half's weights, on what the recipe is taught",
    "cues, LoRA, asked, in doubt": "LoRA, on what the recipe is taught",
    "cues, LoRA, text, asked, in doubt": "LoRA, on that and other text",
}


def _way(cell: dict[str, Any]) -> str:
    return cell["way"] + ", asked" * cell.get("derive_questions", False) + ", in doubt" * cell.get("doubt", False)


def _taught(cell: dict[str, Any]) -> tuple[str, str]:
    """What a taught model answers, and how well right is told from wrong."""
    asked = [value for value in cell.values() if isinstance(value, dict) and "auroc" in value]
    right, *others = [value["right"] for value in asked]
    told_apart = f"{asked[0]['auroc']:.2f}" if asked[0]["auroc"] is not None else ""
    return f"{right} of {cell['asked']} | {min(others)} to {max(others)}", told_apart


def taught() -> str:
    """What a pretrained model that was taught people answers, for each way to teach it."""
    cells = (load("teach.json") or {"cells": {}})["cells"]
    before = cells["untouched"]["other text"]
    lines = [
        "| people | trained | steps | minutes | tokens | trained wording | others | AUROC | other text: perplexity |",
        "|---|---|---|---|---|---|---|---|---|",
        f"| – | nothing | | | | | | | {_perplexities(before)} |",
    ]
    order = list(WAYS)
    shown = [cell for name, cell in cells.items() if name != "untouched" and not cell["set"] and _way(cell) in order]
    for cell in sorted(shown, key=lambda cell: (-cell["people"], order.index(_way(cell)), cell["steps"])):
        answers, told_apart = _taught(cell)
        minutes = cell["this_time"]["cpu_seconds"] / 60
        lines.append(
            f"| {cell['people']} | {WAYS[_way(cell)]} | {cell['steps']:,} | {minutes:.0f} "
            f"| {cell['tokens']:,} | {answers} | {told_apart} | {_perplexities(cell.get('other text', {}))} |"
        )
    return "\n".join(lines) + "\n"


VECTORS_STEPS = 229  # as the recipe chooses for 200 people


def vectors() -> str:
    """A memory of names with more or fewer vectors, and without the adapter."""
    cells = (load("teach.json") or {"cells": {}})["cells"].values()
    shown = [
        cell for cell in cells
        if cell.get("way") == "names" and cell.get("doubt") and cell["people"] == 200 and cell["steps"] == VECTORS_STEPS
        and all(change.startswith("pretrained.") for change in cell["set"])
    ]  # fmt: skip
    lines = [
        "| vectors before layers | adapter, numbers | bytes of a name | minutes | trained wording | others | AUROC |",
        "|---|---|---|---|---|---|---|",
    ]
    for cell in sorted(shown, key=lambda cell: (cell["parameters"]["memory"], cell["parameters"]["dense"])):
        names, own = cell["people"] + 1, cell["parameters"]["memory"]
        chosen = [change.partition("=")[2] for change in cell["set"] if "layers" in change]
        layers = chosen[0] if chosen else "0, 2, 4, 6, 8, 10, 12, 14"
        answers, told_apart = _taught(cell)
        lines.append(
            f"| {layers.strip('[]').replace(' ', '').replace(',', ', ')} | {cell['parameters']['dense']:,} "
            f"| {4 * own // names:,} | {cell['this_time']['cpu_seconds'] / 60:.0f} | {answers} | {told_apart} |"
        )
    return "\n".join(lines) + "\n"


def sizes() -> str:
    """What the built-in world takes at several sizes, and how that grows."""
    cells = sorted((load("worlds.json") or {"cells": {}})["cells"].values(), key=lambda cell: cell["people"])
    lines = [
        "| people | trained wordings | others | strangers told: AUROC | minutes: training, learning, in all | MB |",
        "|---|---|---|---|---|---|",
    ]
    spent, held = [], []
    for cell in cells:
        seconds = cell["seconds"]
        spent.append(sum(seconds.values()))
        held.append(sum(cell["bytes"].values()))
        parts = (seconds["train"], seconds.get("learn", 0.0), spent[-1])
        lines.append(
            f"| {cell['people']:,} | {percent(cell['questions-test']['accuracy'])} "
            f"| {percent(cell['unseen-wordings']['accuracy'])} | {cell['met_auroc_blind']:.3f} "
            f"| {', '.join(f'{part / 60:.1f}' for part in parts)} | {held[-1] / 1e6:.0f} |"
        )
    grown = math.log(cells[-1]["people"] / cells[-2]["people"])
    time, space = (math.log(of[-1] / of[-2]) / grown for of in (spent, held))
    few, many = (f"{cell['people']:,}" for cell in cells[-2:])
    powers = f"time grows as the number to the power of {time:.2f}, bytes to that of {space:.2f}"
    lines.append(f"\nFrom {few} to {many} people, {powers}.")
    return "\n".join(lines) + "\n"


def _perplexities(texts: dict[str, Any]) -> str:
    return " and ".join(f"{text['perplexity']:.2f}" for text in texts.values())


BLOCKS = {
    "headline": headline, "scale": scale, "scores": figures, "ladder": ladder, "leaderboard": leaderboard,
    "mixers": mixers, "verdicts": verdicts, "by_verdict": by_verdict, "taught": taught, "vectors": vectors,
    "sizes": sizes,
}  # fmt: skip
PAGES = (
    "README.md",
    *(
        f"docs/{name}.md"
        for name in ("figures", "leaderboard", "mixers", "own-corpus", "pretrained", "verdict", "appendix/verdicts")
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where they differ")
    given = parser.parse_args()
    for name in PAGES:
        path = ROOT / name
        old = path.read_text(encoding="utf-8")
        new = BLOCK.sub(lambda match: match[1] + BLOCKS[match[2]]() + match[3], old)
        if not given.check:
            path.write_text(new, encoding="utf-8")
        elif new != old:
            sys.exit(f"{name} differs from results/; run: python benchmarks/readme.py")


if __name__ == "__main__":
    main()
