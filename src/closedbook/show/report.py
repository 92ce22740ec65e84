"""The report of a run: one file that says what was trained, how well it answers, how sure it is, and why.

It fetches nothing and opens from disk. Whatever is not there (no evaluation, no documents, no verdicts) is left out.
"""

from __future__ import annotations

import base64
import json
import math
import random
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from closedbook import __version__
from closedbook.answers.score import score, tally, wilson
from closedbook.attention import CLAIMS
from closedbook.attention.claim import Claim, Verdict, load
from closedbook.errors import ClosedbookError, RunError
from closedbook.runs import RunFolder, resume_command
from closedbook.show import plot
from closedbook.show.published import DEV, PUBLISHED
from closedbook.show.shelf import WORDING, unchanged, wording
from closedbook.text.documents import Documents, read_documents
from closedbook.text.questions import Questions, read_questions, subject

if TYPE_CHECKING:
    from closedbook.answers.run import Run

HERE = Path(__file__).parent
STRANGERS = 200
Progress = Callable[[str], None]
Context = dict[str, Any]


def run_report(
    paths: Sequence[Path], *, questions: Path | None = None, claims: bool = True, progress: Progress = lambda what: None
) -> str:
    """The report on these runs, as HTML; the first one in full, the others beside it.

    `questions` are answered anew; without them the report tells what evaluation.json holds. Raises RunError or
    DataError for what cannot be read.
    """
    runs = [_open(path, questions, progress) for path in paths]
    first = runs[0]
    context: Context = {
        "version": __version__,
        "runs": runs,
        "run": first,
        "curves": curves(runs),
        "sections": sections(first, runs, progress),
        "claims": claim_figures(progress) if claims else [],
    }
    progress("writing")
    return render("run.html", context)


def render(template: str, context: Context) -> str:
    """A page from a template; everything that goes in is escaped. Raises RunError where jinja2 is not installed."""
    if find_spec("jinja2") is None:
        raise RunError("the report needs jinja2, which is not installed: pip install 'closedbook[report]'")
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    script = (HERE / "templates" / "report.js").read_text(encoding="utf-8")
    environment.filters.update(percent=percent, number=number, spaced=spaced, duration=duration)
    return environment.get_template(template).render(
        **context,
        style=Markup((HERE / "templates" / "report.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=base64.b64encode(sha256(script.encode()).digest()).decode(),
    )


# One run --------------------------------------------------------------------------------------------------------


def _open(path: Path, questions: Path | None, progress: Progress) -> Context:
    """What is known of a run: its record, its curve, its answers, and its inputs where they are still there."""
    folder = RunFolder.open(path)
    record, recipe = folder.record(), folder.recipe()
    progress(f"reading {path}")
    run = _load(folder)
    given = unchanged(record.get("documents"))
    trained = unchanged(record.get("questions"))
    documents = read_documents(given) if given is not None and recipe.data.documents == "titled" else None
    if questions is not None:
        if run is None or not recipe.needs_questions:
            raise RunError(f"{path} cannot answer questions; leave --questions out, or give a finished run that can")
        from closedbook import workflow

        progress("answering")
        evaluation = workflow.evaluate(run, read_questions(questions))
    else:
        saved = (folder.path / "evaluation.json").is_file()
        evaluation = folder.read_json("evaluation.json") if saved else {}
    return {
        "name": folder.path.resolve().name,
        "path": str(path),
        "record": record,
        "recipe": recipe,
        "recipe_toml": folder.read_text("recipe.toml"),
        "command": record.get("command") or resume_command(folder).removesuffix(" --resume"),
        "finished": folder.finished,
        "metrics": folder.metrics(),
        "run": run,
        "documents": documents,
        "trained": read_questions(trained) if trained is not None else None,
        "evaluation": evaluation,
        "answers": evaluation.get("answers", []),
    }


def _load(folder: RunFolder) -> Run | None:
    from closedbook.answers.run import load as load_run

    return load_run(folder.path) if folder.finished else None


def curves(runs: Sequence[Context]) -> list[Context]:
    """Figures of the training: loss, rate and speed by step; every run in the first."""
    series = [steps(run["metrics"]) for run in runs]
    if not any(series):
        return []
    everything = [point for line in series for point in line]
    top = max(y for _, y, *_ in everything)
    loss = plot.Plot(
        "Training loss by step", (0, max(x for x, *_ in everything)), (0, top * 1.04), width=940, height=300,
        x_label="steps", y_label="loss, nats per target",
    )  # fmt: skip
    for tone, line in enumerate(series):
        points = [(x, y) for x, y, *_ in line]
        loss.line(plot.thin(points, 600), tone % 4, "thin")
        loss.line(plot.thin(plot.smooth(points), 300), tone % 4)
    made = [{"svg": loss.svg(), "title": "Training loss", "wide": True,
             "text": "Faint: as logged; strong: the mean over a fortieth of the curve around each point."}]  # fmt: skip
    first = series[0]
    for place, title, label in (
        (2, "Learning rate", "multiplier of the rates"), (3, "Speed", "real tokens a second"),
    ):  # fmt: skip
        values = [(point[0], point[place]) for point in first if point[place] is not None]
        if len(values) > 1:
            most = max(y for _, y in values)
            drawn = plot.Plot(
                f"{title} by step", (0, first[-1][0]), (0, most * 1.05), x_label="steps", y_label=label,
            )  # fmt: skip
            drawn.line(plot.thin(values if place == 2 else plot.smooth(values), 300), 0)
            made.append({"svg": drawn.svg(), "title": title, "wide": False, "text": ""})
    return made


def steps(metrics: Sequence[dict[str, Any]]) -> list[tuple[float, float, float | None, float | None]]:
    """(step over all stages, loss, multiplier, tokens a second) of each line."""
    made, before, stage, last = [], 0, None, 0
    for line in metrics:
        if not isinstance(line.get("loss"), (int, float)):
            continue
        if line.get("stage") != stage:
            before, stage = before + last, line.get("stage")
        last = line.get("step", 0)
        made.append((before + last, float(line["loss"]), line.get("multiplier"), line.get("tokens_per_second")))
    return made


def sections(first: Context, runs: Sequence[Context], progress: Progress) -> Context:
    """Everything that is told of the first run's answers."""
    answers = first["answers"]
    scored = [answer for answer in answers if answer.get("right") is not None]
    told: Context = {"scored": len(scored)}
    if first["run"] is not None and first["recipe"].needs_questions:
        told["looks"] = chosen(first, progress)
        told["strangers"] = strangers(first, progress)
    if not scored:
        return told
    rows, compared = beside(first, runs, progress)
    told |= {
        "accuracy": tally(bool(answer["right"]) for answer in scored).to_json(),
        "ladder": plot.ladder("Accuracy beside baselines and published figures", rows),
        "baselines": compared,
        "pairs": [pair(first, other) for other in runs[1:] if comparable(first, other)],
        "groups": groups(first, scored),
        "certainty": certainty(scored),
        "verdicts": verdicts(scored),
        "table": table(first, runs),
    }
    return told


# How right ------------------------------------------------------------------------------------------------------


def beside(first: Context, runs: Sequence[Context], progress: Progress) -> tuple[list[Any], list[Context]]:
    """Rows for the ladder, worst first: these runs, baselines on the same questions, and published figures."""
    rows: list[Any] = []
    for run in runs:
        right = [bool(answer["right"]) for answer in run["answers"] if answer.get("right") is not None]
        if right and run["evaluation"].get("questions_sha256") == first["evaluation"].get("questions_sha256"):
            rows.append((run["name"], sum(right) / len(right), wilson(sum(right), len(right)), 1))
    baselines = baseline_rows(first, progress)
    rows += [
        (f"{row['name']}: {row['summary']}" if row["kind"] == "baseline" else f"{row['name']} (stored)",
         row["accuracy"], tuple(row["interval"]) if row["interval"] else None, 0)
        for row in baselines
    ]  # fmt: skip
    if first["evaluation"].get("questions_sha256") == DEV:
        rows += [(f"published: {name}", share, None, 3) for name, share in PUBLISHED]
    return sorted(((shortened(name, 62), *rest) for name, *rest in rows), key=lambda row: row[1]), baselines


def baseline_rows(first: Context, progress: Progress) -> list[Context]:
    """Baselines on the run's questions: computed where its inputs are there, else those stored for the same file."""
    asked = first["evaluation"].get("questions_sha256")
    stored = json.loads((HERE / "measured.json").read_text(encoding="utf-8"))
    same = [row for row in stored["rows"] if asked is not None and asked == stored["questions_sha256"]]
    runs = [row for row in same if row["kind"] == "run"]
    path = unchanged({"path": first["evaluation"].get("questions", ""), "sha256": asked})
    if path is None or first["documents"] is None:
        return same
    from closedbook.answers.baselines import run_baselines

    results = run_baselines(
        read_questions(path), documents=first["documents"], train=first["trained"],
        progress=lambda name: progress(f"baseline {name}"),
    )  # fmt: skip
    return [{**result.to_json(), "kind": "baseline", "file": None} for result in results] + runs


def comparable(first: Context, other: Context) -> bool:
    asked = first["evaluation"].get("questions_sha256")
    return asked is not None and asked == other["evaluation"].get("questions_sha256")


def pair(first: Context, other: Context) -> Context:
    """Two runs on the same questions: who alone is right how often, and McNemar's exact test."""
    ours = [bool(answer["right"]) for answer in first["answers"]]
    theirs = [bool(answer["right"]) for answer in other["answers"]]
    only = sum(a and not b for a, b in zip(ours, theirs, strict=True))
    lost = sum(b and not a for a, b in zip(ours, theirs, strict=True))
    return {"name": other["name"], "only_first": only, "only_other": lost, "p": mcnemar(only, lost)}


def mcnemar(one: int, other: int) -> float:
    """The chance of as uneven a split of the questions that only one is right on, were both as good (exact)."""
    total = one + other
    tail = sum(math.comb(total, k) for k in range(min(one, other) + 1))
    return min(1.0, 2 * tail / 2**total)


def groups(first: Context, scored: Sequence[dict[str, Any]]) -> list[Context]:
    """Accuracy by answer frequency, name length, exposures, and whether the answer stands in the person's document."""
    overall = sum(map(bool, (answer["right"] for answer in scored))) / len(scored)
    made: list[Context] = []

    def add(title: str, text: str, x_label: str, keyed: Sequence[tuple[str | None, bool]], order: Sequence[str]) -> None:
        counted = {name: [right for key, right in keyed if key == name] for name in order}
        rows = [(name, sum(r), len(r), wilson(sum(r), len(r))) for name, r in counted.items() if r]
        if len(rows) > 1:
            drawn = plot.shares(title, rows, x_label=x_label, overall=overall)
            made.append({"svg": drawn, "title": title, "text": text})

    if first["trained"] is not None:
        frequency = Counter(first["trained"].answers)
        bins = ((0, 0), (1, 1), (2, 4), (5, 14), (15, 10**9))
        keyed = [(binned(frequency[answer["gold"]], bins), bool(answer["right"])) for answer in scored]
        add("By how often the place is a training answer", "How many training questions have the same answer.",
            "training questions with this answer", keyed, [bin_name(*b) for b in bins])  # fmt: skip
    documents = first["documents"]
    if documents is not None:
        titles = set(documents.titles)
        names = {answer["question"]: subject(answer["question"], titles) for answer in scored}
        bins = ((1, 1), (2, 2), (3, 3), (4, 99))
        keyed = [(binned(len(name.split()), bins) if (name := names[answer["question"]]) else None, bool(answer["right"]))
                 for answer in scored]  # fmt: skip
        add("By the length of the name", "In words.", "words of the name", keyed, [bin_name(*b) for b in bins])
        from closedbook.answers.baselines import stands_in

        index = documents.by_title()
        keyed = [("yes" if stands_in(answer["gold"], index[name]) else "no", bool(answer["right"]))
                 for answer in scored if (name := names[answer["question"]])]  # fmt: skip
        add("By whether the answer stands in the person's document", "As whole words; where it does not, nobody could "
            "have read it there.", "the answer stands there", keyed, ("no", "yes"))  # fmt: skip
    exposed = [(exposures(answer), bool(answer["right"])) for answer in scored]
    if any(count is not None for count, _ in exposed):
        bins = ((0, 0), (1, 9), (10, 29), (30, 99), (100, 10**9))
        keyed = [(None if count is None else binned(count, bins), right) for count, right in exposed]
        add("By exposures", "Training examples in which the answer was asked for with the name in context.",
            "exposures of what was answered", keyed, [bin_name(*b) for b in bins])  # fmt: skip
    return made


def bin_name(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} or more" if high >= 99 and low != 30 else f"{low} to {high}"


def binned(count: int, bins: Sequence[tuple[int, int]]) -> str | None:
    return next((bin_name(low, high) for low, high in bins if low <= count <= high), None)


def evidence_of(answer: dict[str, Any]) -> dict[str, Any]:
    found = answer.get("evidence")
    return found if isinstance(found, dict) else {}


def exposures(answer: dict[str, Any]) -> int | None:
    found = answer.get("exposures", evidence_of(answer).get("exposures"))
    return found if isinstance(found, int) else None


# How sure -------------------------------------------------------------------------------------------------------


def certainty(scored: Sequence[dict[str, Any]]) -> Context:
    """Probabilities against outcomes: reliability, what is gained by staying silent, and the two distributions."""
    pairs = sorted(((float(answer["probability"]), bool(answer["right"])) for answer in scored), reverse=True)
    calibrated = any("model_probability" in answer for answer in scored)
    account = "probability" if calibrated else "the network's own probability"
    reliability = plot.Plot(f"Reliability of {account}", (0, 1), (0, 1), x_label=account, y_label="right",
                            x_show=plot.percent, y_show=plot.percent)  # fmt: skip
    reliability.line([(0, 0), (1, 1)], 3, "dashed")
    size = max(1, len(pairs) // 10)
    for start in range(0, len(pairs), size):
        part = pairs[start : start + size]
        if len(part) < size // 2:
            continue
        right, mean = sum(r for _, r in part), sum(p for p, _ in part) / len(part)
        reliability.whisker(mean, *wilson(right, len(part)), 1)
        reliability.dot(mean, right / len(part), 0, 5, f"{len(part)} answers, {right} right")
    covered = plot.Plot("Accuracy when only the surest are answered", (0, 1), (0, 1), x_label="share of questions answered, surest first",
                        y_label="right among them", x_show=plot.percent, y_show=plot.percent)  # fmt: skip
    right_so_far, curve = 0, []
    for i, (_, right) in enumerate(pairs, 1):
        right_so_far += right
        curve.append((i / len(pairs), right_so_far / i))
    covered.line(curve, 0)
    covered.line([(0, right_so_far / len(pairs)), (1, right_so_far / len(pairs))], 2, "dashed")
    counts = {truth: [0] * 20 for truth in (True, False)}
    for probability, right in pairs:
        counts[right][min(19, int(probability * 20))] += 1
    most = max(max(column) for column in counts.values())
    spread = plot.Plot("Right and wrong answers by probability", (0, 1), (0, most * 1.08), x_label=account, y_label="answers",
                       x_show=plot.percent)  # fmt: skip
    for truth, tone in ((True, 0), (False, 1)):
        for i, count in enumerate(counts[truth]):
            x = i / 20 + (0.002 if truth else 0.026)
            spread.bar(x, x + 0.022, 0, count, tone, 0.95, f"{count} {'right' if truth else 'wrong'}")
    sure = [right for probability, right in pairs if probability >= 0.9]
    return {
        "calibrated": calibrated,
        "auroc": auroc(pairs),
        "sure": len(sure),
        "sure_wrong": len(sure) - sum(sure),
        "wrong": len(pairs) - right_so_far,
        "figures": [
            {"svg": reliability.svg(), "title": "Is it as sure as it should be?",
             "text": "Answers in tenths by probability; on the dashed line chances and outcomes agree."},
            {"svg": covered.svg(), "title": "What silence buys",
             "text": "Accuracy when only the surest are answered; dashed: when all are."},
            {"svg": spread.svg(), "title": "Right (dark) and wrong (red) answers", "text": "How many answers got which probability."},
        ],
    }  # fmt: skip


def auroc(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """The chance that a right answer has a higher probability than a wrong one, ties counting half."""
    right, wrong = ([p for p, truth in pairs if truth is kind] for kind in (True, False))
    if not right or not wrong:
        return None
    return sum((a > b) + 0.5 * (a == b) for a in right for b in wrong) / (len(right) * len(wrong))


def verdict_of(answer: dict[str, Any]) -> str | None:
    found = answer.get("verdict")
    return found.get("name") if isinstance(found, dict) else found


def verdicts(scored: Sequence[dict[str, Any]]) -> Context | None:
    """How often each verdict was given, and how often the answer was right then; None where there are no verdicts."""
    named = [(name, bool(answer["right"])) for answer in scored if (name := verdict_of(answer))]
    if not named:
        return None
    rows = []
    for name in ("remembered", "unsure", "made up", "never met"):
        right = [truth for given, truth in named if given == name]
        if right:
            rows.append((name, sum(right), len(right), wilson(sum(right), len(right))))
    return {"svg": plot.shares("Right answers by verdict", rows), "rows": rows}


# Part 3: what to make of an answer ------------------------------------------------------------------------------


def strangers(first: Context, progress: Progress) -> Context | None:
    """What the run does with names that nobody in its documents has; None without the documents."""
    documents: Documents | None = first["documents"]
    if documents is None or first["run"] is None:
        return None
    progress("asking about strangers")
    names = invented_names(documents, STRANGERS)
    asked = wording(first["trained"], set(documents.titles)) if first["trained"] is not None else WORDING
    from closedbook.text.questions import Question

    answers = first["run"].answer([Question(asked.replace("{}", name, 1), None, 1) for name in names])
    if not answers:
        return None
    counted = Counter(answer.answer for answer in answers)
    chances = [answer.probability for answer in answers]
    known = [float(answer["probability"]) for answer in first["answers"]]
    drawn = plot.Plot("Probability of answers about strangers and about the questions' people", (0, 1), (0, 1),
                      x_label="probability given to the answer", y_label="share of answers below", x_show=plot.percent,
                      y_show=plot.percent)  # fmt: skip
    for tone, values in ((1, chances), (0, known)):
        ranked = sorted(values)
        if ranked:
            drawn.line([(0, 0), *((p, (i + 1) / len(ranked)) for i, p in enumerate(ranked)), (1, 1)], tone)
    return {
        "svg": drawn.svg(),
        "count": len(answers),
        "example": names[0],
        "different": len(counted),
        "top": counted.most_common(5),
        "median": sorted(chances)[len(chances) // 2],
        "known_median": sorted(known)[len(known) // 2] if known else None,
        "sure": sum(p >= 0.9 for p in chances),
        "verdicts": Counter(v for answer in answers if (v := verdict_of(answer.to_json()))).most_common(),
    }


def invented_names(documents: Documents, count: int) -> list[str]:
    """First words of two-word titles with last words of others, such as no title has; the same ones every time."""
    known = set(documents.titles)
    pairs = sorted({tuple(t.split()) for t in known if len(t.split()) == 2 and t.replace(" ", "").isalpha()})
    draw = random.Random(0)
    made: dict[str, None] = {}
    for _ in range(20 * count):
        if len(made) == count or len(pairs) < 2:
            break
        name = f"{draw.choice(pairs)[0]} {draw.choice(pairs)[1]}"
        if name not in known:
            made[name] = None
    return list(made)


# Looking inside -------------------------------------------------------------------------------------------------


def chosen(first: Context, progress: Progress) -> list[Context]:
    """Some questions looked into: the surest and least sure of the right and of the wrong answers, and a stranger."""
    answers = first["answers"]
    picked: list[tuple[str, str]] = []
    for right, kind in ((True, "right"), (False, "wrong")):
        some = sorted((a for a in answers if a.get("right") is right), key=lambda answer: -answer["probability"])
        if some:
            picked.append((f"the surest of the {kind} answers", some[0]["question"]))
        if len(some) > 1:
            picked.append((f"the least sure of the {kind} answers", some[-1]["question"]))
    documents, trained = first["documents"], first["trained"]
    if documents is not None:
        asked = wording(trained, set(documents.titles)) if trained is not None else WORDING
        picked += [("somebody who is not there", asked.replace("{}", name, 1)) for name in invented_names(documents, 1)]
    gold = {answer["question"]: answer.get("gold") for answer in answers}
    made = []
    for why, question in picked:
        progress("looking inside")
        inside = first["run"].inside(question)
        at, shown = inside.prompt - 1, [token.strip() or "␣" for token in inside.tokens[: inside.prompt]]
        shown[-1] = "▸"
        rows: list[Any] = []
        for effect in inside.effects:
            instead = effect.answer if effect.answer and effect.answer != inside.answer else ""
            if isinstance(effect.off, str):
                rows.append((effect.off, None, effect.drop, instead))
                continue
            layer, head = effect.off
            weights = inside.weights[layer][head]
            row = weights[min(at, len(weights) - 1)].tolist()[: len(shown)]
            rows.append((f"layer {layer + 1} · head {head + 1}", row, effect.drop, instead))
        made.append(
            {
                "why": why, "question": question, "answer": inside.answer, "gold": gold.get(question),
                "probability": math.prod(said.probability for said in inside.said),
                "runners_up": [(choice.text, choice.probability) for choice in inside.said[0].choices],
                "svg": plot.looks(f"Where each head looked, and what it was worth: {question}", shown, rows),
            }
        )  # fmt: skip
    return made


# The questions, the claims --------------------------------------------------------------------------------------


def table(first: Context, runs: Sequence[Context]) -> Context:
    """All questions, as rows for the table; columns that no answer has are left out."""
    answers = first["answers"]
    others = [run for run in runs[1:] if comparable(first, run)]
    rows = []
    for i, answer in enumerate(answers):
        quoted = next(iter(evidence_of(answer).get("documents") or []), None)
        rows.append(
            {
                "number": i + 1,
                "question": answer["question"],
                "answer": answer["answer"],
                "gold": answer.get("gold"),
                "right": answer.get("right"),
                "probability": float(answer["probability"]),
                "verdict": verdict_of(answer),
                "evidence": quoted.get("sentence") if isinstance(quoted, dict) else None,
                "exposures": exposures(answer),
                "others": [(run["answers"][i]["answer"], run["answers"][i].get("right")) for run in others],
            }
        )
    has = {key: any(row[key] is not None for row in rows) for key in ("verdict", "evidence", "exposures")}
    return {"rows": rows, "has": has, "others": [run["name"] for run in others]}


def claim_figures(progress: Progress) -> list[Context]:
    """The ten claims, checked now, each with its figure in light and dark."""
    if find_spec("matplotlib") is None:
        raise RunError("the claims' figures need matplotlib: pip install 'closedbook[report]', or give --no-claims")
    made = []
    for id in CLAIMS:
        claim = load(id)
        progress(f"claim {id}")
        verdict = claim.check()
        made.append({"claim": claim, **told(verdict), "images": drawn(claim, verdict)})
    return made


def told(verdict: Verdict) -> Context:
    """A verdict in the words of the report."""
    part = verdict.headline
    return {
        "holds": verdict.holds,
        "measured": part.measured,
        "figure": part.figure,
        "bound": part.bound,
        "tolerance": verdict.tolerance,
        "details": list(verdict.measurement.details.items()),
    }


def drawn(claim: Claim, verdict: Verdict) -> dict[str, str]:
    """The claim's figure as data addresses: light and dark. Words stay words, which halves the files."""
    import matplotlib

    from closedbook.attention.figures import save

    with tempfile.TemporaryDirectory() as folder, matplotlib.rc_context({"svg.fonttype": "none"}):
        paths = save(claim, verdict.settings, Path(folder), png=False)
        return {
            ("dark" if path.stem.endswith("-dark") else "light"): "data:image/svg+xml;base64,"
            + base64.b64encode(path.read_bytes()).decode()
            for path in paths
        }


# Words ----------------------------------------------------------------------------------------------------------


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def spaced(value: Any) -> str:
    """12345 → 12 345, with thin spaces."""
    return f"{value:,}".replace(",", "\u2009") if isinstance(value, int) else "–" if value is None else str(value)


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
