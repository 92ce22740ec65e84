"""`closedbook report`."""

from __future__ import annotations

from pathlib import Path

from closedbook.cli.options import RunsMixers
from closedbook.cli.output import console, escape, print_json, use_mixers
from closedbook.cli.output_files import check_output
from closedbook.errors import RunError
from closedbook.runs.store import write_output


def report(
    *runs: Path,
    output: Path | None = None,
    questions: Path | None = None,
    source: bool = False,
    claims: bool = True,
    mixer: RunsMixers = None,
    json: bool = False,
) -> None:
    """Write a run's report: one HTML file with curves, scores, every answer and a look inside, to open or to send.

    For example:

        closedbook report runs/fast-…

        closedbook report runs/one runs/other --output both.html

        closedbook report --source

    Args:
        runs: Run folders; the first is told in full, the others beside it.
        output: The file to write; RUN/report.html if left out, source.html with --source.
        questions: Answer this file now, instead of telling what the run folder's evaluation.json holds.
        source: Lay out the source document's statements, 1a to 3c, with our measured answer beside each; a run answers
            part 3.
        claims: Check and draw the ten claims about attention too; --no-claims saves some twenty seconds.
        json: Print {"report": …} on standard output.
    """
    if not runs and not source:
        raise RunError("give one or more run folders, or --source; `closedbook list runs` shows runs")
    target = output or (Path("source.html") if source else runs[0] / "report.html")
    if output is not None or source or runs[0].is_dir():
        check_output(target, questions, *((argument.rpartition(":")[0] or None) for argument in mixer or ()), runs=runs)

    use_mixers(mixer or ())
    out = console(json)
    with out.status("") as status:

        def progress(what: str) -> None:
            status.update(escape(what))

        if source:
            from closedbook.reporting.source_report import source_report

            text = source_report(runs, progress=progress)
        else:
            from closedbook.reporting.html_report import run_report

            text = run_report(runs, questions=questions, claims=claims, progress=progress)
    write_output(target, text.encode())
    out.print(f"[bold]{escape(str(target))}[/]   ({len(text.encode()) / 1e6:.1f} MB; open it in a browser)")
    if json:
        print_json({"report": str(target)})
