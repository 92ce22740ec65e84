"""What does a model answer about a name it never saw, whose answer does it borrow, and does it notice?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from closedbook.data.passages import Page
from closedbook.data.questions import Question, Questions, fold, subject, without
from closedbook.errors import DataError
from closedbook.evaluation import metrics
from closedbook.evaluation.confidence_report import described
from closedbook.formatting import decimal, interval, markdown_table, percent
from closedbook.inference.answer import Answer
from closedbook.inference.run import Run
from closedbook.studies import study_report
from closedbook.studies.answer_cache import AnswerCache, index_of
from closedbook.studies.probe_baselines import spelling
from closedbook.verdicts.calibration import altered, recombined

FORMAT = 1
HEADLINE = "What a model does with a name it never met"
KNOWN = "people with documents"
AGAINST = ("met_against_known", "met_against_known_all")  # AUROC with the cheap signals and with all
COMPARED = 4000
"""The most titles that names are compared with."""

LATIN = "abcdefghijklmnopqrstuvwxyz"
CYRILLIC = dict(zip(LATIN, "а б ц д е ф г х и й к л м н о п я р с т у в ш кс ы з".split(), strict=True))


def invented(titles: Sequence[str], mentioned: Sequence[str], count: int, seed: int) -> dict[str, list[str]]:
    """Up to `count` names of each kind of stranger; none of them is a title."""
    rng = Random(f"closedbook/strangers/{seed}")
    taken = {fold(title) for title in titles}
    words = sorted({word for title in titles for word in title.split() if word.isalpha() and len(word) > 3})
    several = [title.split() for title in titles if len(title.split()) > 1]

    def new_word() -> str:
        """The first half of one name and the second of another, but not a word of any name."""
        while True:
            a, b = (words[int(rng.random() * len(words))] for _ in range(2))
            word = a[: (len(a) + 1) // 2] + b[len(b) // 2 :].lower()
            if word not in words:
                return word

    def random_name() -> list[str]:
        return several[int(rng.random() * len(several))]

    makers: dict[str, Callable[[], str | None]] = {
        "new surname": lambda: " ".join([*random_name()[:-1], new_word()]),
        "new first name": lambda: " ".join([new_word(), *random_name()[1:]]),
        "both new": lambda: f"{new_word()} {new_word()}",
        "recombined": lambda: recombined(" ".join(random_name()), " ".join(random_name())),
        "one letter off": lambda: altered(" ".join(random_name()), rng),
        "another script": lambda: in_cyrillic(" ".join(random_name())),
    }
    groups: dict[str, list[str]] = {}
    for group, make in makers.items() if several and words else ():
        names: dict[str, None] = {}
        for _ in range(20 * count):
            name = make()
            if len(names) < count and name and fold(name) not in taken:
                names[name] = None
        groups[group] = list(names)
    elsewhere = [name for name in mentioned if fold(name) not in taken]
    groups["mentioned without a page"] = sorted(elsewhere, key=lambda _: rng.random())[:count]
    return {group: names for group, names in groups.items() if names}


def in_cyrillic(name: str) -> str | None:
    """The name letter by letter in Cyrillic; None where it has letters beyond a to z."""
    if not all(c.lower() in CYRILLIC or not c.isalpha() for c in name):
        return None
    return "".join(CYRILLIC.get(c.lower(), c).capitalize() if c.isupper() else CYRILLIC.get(c, c) for c in name)


def people_mentioned(run: Run, titles: Sequence[str]) -> list[str]:
    """Likely names of people in documents: two or three words, the first of which is the first word of some title."""
    firsts = {title.split()[0] for title in titles if len(title.split()) > 1}
    names: dict[str, None] = {}
    for title in dict.fromkeys(titles):
        for document in index_of(run).texts(title):
            for span in Page(document).names:
                parts = span.text.split()
                if 2 <= len(parts) <= 3 and parts[0] in firsts and all(part[0].isupper() for part in parts):
                    names[span.text] = None
    return list(names)


def run_strangers(
    run: Run,
    questions: Questions,
    folder: Path,
    *,
    count: int = 200,
    more: Mapping[str, Sequence[str]] | None = None,
    progress: Callable[[int], None] = lambda count: None,
) -> dict[str, Any]:
    """Ask about strangers of every kind, in the wording of the first question, and write record, figure and page.

    `questions` are about people with documents who were not asked about in training: the control group. `more` adds
    groups of names, such as people whose documents were left out. Raises DataError if no question is about such people.
    """
    study_report.make_folder(folder)
    if run.index is None or run.calibration is None:
        raise DataError(f"{run.path} has no index or no calibrators; train it with data.held_out.calibrate above 0")
    titles = run.index.titles()
    title_set = set(titles)
    named = {item.text: name for item in questions.items if (name := subject(item.text, title_set)) is not None}
    if not named:
        raise DataError(f"{questions.source}: no question is about somebody with a document")
    wording = next(without(text, name, "{}") for text, name in named.items())
    seed = run.recipe.seed
    groups: dict[str, list[str]] = {KNOWN: list(dict.fromkeys(named.values()))}
    groups |= invented(titles, people_mentioned(run, titles), count, seed)
    groups |= {group: list(names) for group, names in (more or {}).items()}

    with AnswerCache(run, folder / "strangers-answers.jsonl", progress) as cache:

        def ask(names: Sequence[str], signals: str) -> list[Answer]:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # strangers' names are meant to have unknown words
                questions = [Question(wording.replace("{}", name, 1), None, 1) for name in names]
                return cache.answer(questions, blind=True, signals=signals)

        of_titles = {title: answer.answer for title, answer in zip(titles, ask(titles, "pass"), strict=True)}
        cheap = {group: ask(names, "pass") for group, names in groups.items()}
        full = {group: ask(names, "all") for group, names in groups.items()}
        record = summary(run, wording, groups, of_titles, cheap, full)
        study_report.write_report(folder, "strangers", record, HEADLINE, page, draw)
    return record


def summary(
    run: Run,
    wording: str,
    groups: Mapping[str, Sequence[str]],
    of_titles: Mapping[str, str],
    cheap: Mapping[str, Sequence[Answer]],
    full: Mapping[str, Sequence[Answer]],
) -> dict[str, Any]:
    """The record. `cheap` and `full` are each group's answers with one pass and with all signals."""
    seed, titles = run.recipe.seed, list(of_titles)
    compared = [titles[i] for i in np.random.default_rng([seed, 7]).permutation(len(titles))][:COMPARED]

    def against_known(names: Sequence[str]) -> dict[str, Any]:
        """AUROC of `met`, people with documents against these groups of strangers."""
        ranked = {}
        for key, by_group in zip(AGAINST, (cheap, full), strict=True):
            met = np.array([answer.met or 0.0 for group in (KNOWN, *names) for answer in by_group[group]])
            label = np.arange(len(met)) < len(by_group[KNOWN])
            ranked[key] = {"auroc": metrics.auroc(label, met), "interval": metrics.auroc_interval(label, met, seed)}
        return ranked

    strangers = [group for group in groups if group != KNOWN]
    return {
        "study": "strangers",
        "format": FORMAT,
        "run": str(run.path),
        "wording": wording.replace("{}", "NAME", 1),
        "label": "met: the person's document was trained on",
        "groups": {
            group: {
                **described(cheap[group]),
                **(against_known([group]) if group != KNOWN else dict.fromkeys(AGAINST)),
                "borrows": borrowed(names, cheap[group], compared, of_titles, seed),
            }
            for group, names in groups.items()
        },
        "invented": {"names": sum(len(groups[group]) for group in strangers), **against_known(strangers)},
    }


def borrowed(
    names: Sequence[str], answers: Sequence[Answer], titles: Sequence[str], of_titles: Mapping[str, str], seed: int
) -> dict[str, Any]:
    """How often a name gets the answer of its nearest titles, compared with random titles.

    Nearest by spelling (cosine of letter pairs and triples), by surname, and by first name; a name that shares a
    surname with several titles counts the share of them that have its answer. A name is never its own neighbour.
    """
    rng = np.random.default_rng([seed, 6])
    theirs = [of_titles[title] for title in titles]
    vectors = [spelling(texts) for texts in (names, titles)]
    for counts in vectors:
        counts /= np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)
    similarity = vectors[0] @ vectors[1].T
    folded = [fold(title) for title in titles]
    same: dict[str, list[float]] = {"spelling": [], "surname": [], "first name": [], "chance": []}
    for row, (name, answer) in enumerate(zip(names, answers, strict=True)):
        words = fold(name).split() or [""]
        eligible = np.array([spelled != fold(name) for spelled in folded])
        nearest = int(np.where(eligible, similarity[row], -1).argmax())
        same["spelling"].append(theirs[nearest] == answer.answer)
        for kind, place in (("surname", -1), ("first name", 0)):
            alike = [i for i in np.flatnonzero(eligible) if folded[i].split()[place] == words[place]]
            if alike:
                same[kind].append(float(np.mean([theirs[i] == answer.answer for i in alike])))
        sample = rng.integers(0, len(titles), 50)
        same["chance"].append(float(np.mean([theirs[i] == answer.answer for i in sample])))
    return {kind: {"share": float(np.mean(x)), "names": len(x)} for kind, x in same.items() if x}


def page(record: dict[str, Any]) -> str:
    groups = record["groups"]
    first = markdown_table(
        ["who", "names", "called met", "AUROC of met against known", "interval", "with all signals", "own probability"],
        [
            [name, row["names"], percent(row["called_met"]),
             decimal((row["met_against_known"] or {}).get("auroc")),
             interval((row["met_against_known"] or {}).get("interval")),
             decimal((row["met_against_known_all"] or {}).get("auroc")),
             percent(row["median_model_probability"])]
            for name, row in groups.items()
        ],
    )  # fmt: skip
    kinds = ("spelling", "surname", "first name", "chance")
    borrows = markdown_table(
        ["who", *(f"nearest by {kind}" if kind != "chance" else "titles at random" for kind in kinds)],
        [
            [name, *(percent(row["borrows"].get(kind, {}).get("share")) for kind in kinds)]
            for name, row in groups.items()
        ],
    )
    answers = markdown_table(
        ["who", "different answers", "most frequent", "for example"],
        [
            [name, row["different_answers"], ", ".join(f"{text or '(nothing)'} ({n})" for text, n in row["common"][:3]),
             "; ".join(f"{question} {answer}" for question, answer, _ in row["examples"][:1])]
            for name, row in groups.items()
        ],
    )  # fmt: skip
    return f"""\
Asked as in "{record["wording"]}". "Known" are people with documents who were not asked about in training; the judge
sees the weights, the vocabulary and its calibrator, no list of names. "Own probability" is the model's, median.

## Does it notice?

{first}

## What it answers

{answers}

## Whose answer it borrows

The share of names that are given the same answer as their nearest titles.

{borrows}
"""


def draw(slide: Any, record: dict[str, Any]) -> None:
    """For each group: the share called met, and the model's own probability."""
    met, sure = slide.panels(2)
    groups = record["groups"]
    titles = {"called_met": "called met, %", "median_model_probability": "the model's own probability, median, %"}
    for ax, (key, title) in zip((met, sure), titles.items(), strict=True):
        tones = [slide.theme.tones[0 if name == KNOWN else 1] for name in groups]
        ax.barh(range(len(groups)), [100 * row[key] for row in groups.values()], color=tones, height=0.6)
        ax.set_yticks(range(len(groups)), list(groups) if ax is met else [""] * len(groups))
        ax.invert_yaxis()
        ax.set_xlim(0, 100)
        ax.set_xlabel(title)
