"""The report of a run: one file that says what was trained, how well it answers, how sure it is, and why.

It fetches nothing and opens from disk. Whatever is not there (no evaluation, no documents, no verdicts) is left out.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from markupsafe import Markup

from closedbook import __version__, pipeline
from closedbook.attention import CLAIMS
from closedbook.attention.claim import Claim, Verdict, load
from closedbook.attention.claim_figures import DARK, LIGHT, recoloured, save
from closedbook.data.documents import read_documents
from closedbook.data.questions import read_questions
from closedbook.environment import require_packages
from closedbook.errors import RunError
from closedbook.evaluation.paired import comparable, paired
from closedbook.evaluation.score import tally
from closedbook.formatting import duration, spaced
from closedbook.parallel import worker_pool
from closedbook.reporting import Context, Progress, figures
from closedbook.reporting.accuracy_section import groups, ladder_rows, read_measured
from closedbook.reporting.attribution_section import attributions
from closedbook.reporting.confidence_section import certainty, strangers, verdicts
from closedbook.reporting.filters import evidence_of, exposures, number, typeset, unparted
from closedbook.reporting.published import DEV
from closedbook.runs.folder import RunFolder
from closedbook.runs.provenance import repeat_command, unchanged_input

LADDER = "Accuracy beside baselines and published figures"
HERE = Path(__file__).parent


def run_report(
    paths: Sequence[Path], *, questions: Path | None = None, claims: bool = True, progress: Progress = lambda what: None
) -> str:
    """The report on these runs, as HTML; the first one in full, the others beside it.

    `questions` are answered anew; without them the report shows what evaluation.json holds. Raises RunError or
    DataError for what cannot be read.
    """
    runs = [open_run(path, questions, progress) for path in paths]
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
    require_packages("the report", "jinja2", extra="report")
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    script = (HERE / "templates" / "report.js").read_text(encoding="utf-8")
    environment.filters.update(percent=unparted, number=number, spaced=spaced, duration=duration, typeset=typeset)
    return environment.get_template(template).render(
        **context,
        style=Markup((HERE / "templates" / "report.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_hash=base64.b64encode(sha256(script.encode()).digest()).decode(),
    )


# One run --------------------------------------------------------------------------------------------------------


def open_run(path: Path, questions: Path | None, progress: Progress) -> Context:
    """What is known of a run: its record, its curve, its answers, and its inputs where they are still there."""
    folder = RunFolder.open(path)
    record, recipe = folder.record(), folder.recipe()
    progress(f"reading {path}")
    run = pipeline.load(folder.path) if folder.finished else None
    corpus, trained_on = (unchanged_input(record.get(name), record) for name in ("documents", "questions"))
    documents = read_documents(corpus) if corpus is not None and recipe.data.documents == "titled" else None
    if questions is not None:
        if run is None or not recipe.needs_questions:
            raise RunError(f"{path} cannot answer questions; leave --questions out, or give a finished run that can")
        progress("answering")
        evaluation = pipeline.evaluate(run, read_questions(questions))
    else:
        evaluation = folder.read_json_if_there("evaluation.json") or {}
    return {
        "name": folder.path.resolve().name,
        "path": str(path),
        "record": record,
        "recipe": recipe,
        "recipe_toml": folder.read_text("recipe.toml"),
        "command": repeat_command(folder),
        "finished": folder.finished,
        "metrics": folder.metrics(),
        "run": run,
        "documents": documents,
        "trained": read_questions(trained_on) if trained_on is not None else None,
        "evaluation": evaluation,
        "answers": evaluation.get("answers", []),
        "probe": folder.read_json_if_there("probe.json"),
    }


def curves(runs: Sequence[Context]) -> list[Context]:
    """Figures of the training: loss, rate and speed by step; every run in the first."""
    series = [steps(run["metrics"]) for run in runs]
    if not any(series):
        return []
    lines = []
    for tone, line in enumerate(series):
        if line:
            losses = [(x, y) for x, y, *_ in line]
            lines.append((figures.thin(losses, 600), tone % 4, "thin"))
            lines.append((figures.thin(figures.smooth(losses)), tone % 4, ""))
    loss = figures.both(
        lambda narrow: figures.lines(
            "Training loss by step",
            lines,
            x="steps",
            y="loss, nats per target",
            width=400 if narrow else 940,
            height=300,
        )
    )
    charts = [{"svg": loss, "title": "Training loss", "wide": True,
             "text": "Faint: as logged; strong: the mean over a fortieth of the curve around each point."}]  # fmt: skip
    for place, title, label, text in (
        (2, "Learning rate", "multiplier of the rates", "By the schedule, for all optimisers alike."),
        (3, "Speed", "real tokens a second", "Padding not counted; steps of other stages may hold more tokens."),
    ):  # fmt: skip
        values = [(point[0], float(value)) for point in series[0] if (value := point[place]) is not None]
        if len(values) > 1:
            curve = figures.thin(values if place == 2 else figures.smooth(values))
            figure = figures.lines(f"{title} by step", [(curve, 0, "")], x="steps", y=label)
            charts.append({"svg": figure, "title": title, "wide": False, "text": text})
    return charts


def steps(metrics: Sequence[dict[str, Any]]) -> list[tuple[float, float, float | None, float | None]]:
    """(step over all stages, loss, multiplier, tokens a second) of each line."""
    points, before, stage, last = [], 0, None, 0
    for line in metrics:
        if not isinstance(line.get("loss"), (int, float)):
            continue
        if line.get("stage") != stage:
            before, stage = before + last, line.get("stage")
        last = line.get("step", 0)
        points.append((before + last, float(line["loss"]), line.get("multiplier"), line.get("tokens_per_second")))
    return points


def sections(first: Context, runs: Sequence[Context], progress: Progress) -> Context:
    """What the report says of the first run's answers."""
    answers = first["answers"]
    scored = [answer for answer in answers if answer.get("right") is not None]
    context: Context = {"scored": len(scored), "looks": [], "strangers": None, "groups": []}
    if first["run"] is not None and first["recipe"].needs_questions:
        context["looks"] = attributions(first, progress)
        context["strangers"] = strangers(first, progress)
    if not scored:
        return context
    rows, baselines = ladder_rows(first, runs, progress)
    unpretrained = [row for row in baselines if row.get("recipe") == "course-vanilla-unpretrained"]
    context |= {
        "accuracy": tally(bool(answer["right"]) for answer in scored).to_json(),
        "ladder": figures.both(lambda narrow: figures.ladder(LADDER, rows, narrow=narrow)),
        "unpretrained": unpretrained[0] if unpretrained else None,
        "trained_on": first["evaluation"].get("questions_sha256")
        == (first["record"].get("questions") or {}).get("sha256"),
        "taken_out": read_measured()["taken_out"],
        "course": first["evaluation"].get("questions_sha256") == DEV,
        "pairs": [{"name": run["name"], **paired(first["evaluation"], run["evaluation"])} for run in compared(runs)],
        "groups": groups(first, scored),
        "certainty": certainty(scored),
        "verdicts": verdicts(scored),
        "table": table(first, runs),
    }
    return context


def compared(runs: Sequence[Context]) -> list[Context]:
    """Those of the other runs that answered the first one's questions."""
    return [run for run in runs[1:] if comparable(runs[0]["evaluation"], run["evaluation"])]


# The questions, the claims --------------------------------------------------------------------------------------


def table(first: Context, runs: Sequence[Context]) -> Context:
    """All questions, as rows for the table; columns that no answer has are left out."""
    answers = first["answers"]
    comparable_runs = compared(runs)
    rows = []
    for i, answer in enumerate(answers):
        quoted = next(iter(evidence_of(answer).get("documents") or []), None)
        rows.append(
            {
                "verdict": None,
                **answer,
                "number": i + 1,
                "evidence": quoted.get("sentence") if isinstance(quoted, dict) else None,
                "exposures": exposures(answer),
                "others": [(run["answers"][i]["answer"], run["answers"][i].get("right")) for run in comparable_runs],
                "differ": len({bool(run["answers"][i].get("right")) for run in (first, *comparable_runs)}) > 1,
            }
        )
    has = {key: any(row[key] is not None for row in rows) for key in ("verdict", "evidence", "exposures")}
    return {"rows": rows, "has": has, "others": [run["name"] for run in comparable_runs]}


def claim_figures(progress: Progress) -> list[Context]:
    """The ten claims, checked now, each with its figure."""
    require_packages("a claim's figure", "matplotlib", extra="report")
    checked = []
    with worker_pool(1, most_each=1):  # the matrices are small: more threads wait for each other more than they work
        for id in CLAIMS:
            claim = load(id)
            progress(f"claim {id}")
            verdict = claim.check()
            checked.append({"claim": claim, "verdict": verdict, "images": images(claim, verdict)})
    return checked


def images(claim: Claim, verdict: Verdict) -> dict[str, str]:
    """The claim's figure as data: addresses, by theme. Text stays text, which halves the files."""
    import matplotlib

    with tempfile.TemporaryDirectory() as folder, matplotlib.rc_context({"svg.fonttype": "none"}):
        (path,) = save(claim, verdict.settings, Path(folder), (LIGHT,), png=False)
        light = path.read_text(encoding="utf-8")
    return {"light": data_address(light), "dark": data_address(recoloured(light, LIGHT, DARK))}


def data_address(svg: str) -> str:
    """An SVG as a data: address."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
