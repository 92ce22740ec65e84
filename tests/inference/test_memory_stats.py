"""What a run weighs, and which names share a row of its memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from shell import Tiny, closedbook, make_tiny, refused

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.data.documents import make_documents, read_documents
from closedbook.inference.memory_stats import weigh


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def run(tiny: Tiny) -> Any:
    sets = ["steps=2", "batch=8", "group=1"]
    recipe = load_recipe("demo", ["model.width=8", "model.memory.rows=64", *(f"stages.learn.{s}" for s in sets)])
    return pipeline.train(recipe, tiny.documents, tiny.questions, run=tiny.folder / "run", threads=1)


def test_parts_add_up_and_bytes_are_those_of_the_file(run: Any, tiny: Tiny):
    size = weigh(run, read_documents(tiny.documents))["size"]
    assert size["memory"] == {"parameters": 2 * 64 * 8, "bytes": 4 * 2 * 64 * 8}
    for key in ("parameters", "bytes"):
        assert size["dense"][key] + size["memory"][key] == size["total"][key]
    assert size["total"]["parameters"] == run.folder.record()["parameters"]["total"]
    file = (run.path / "model.safetensors").stat().st_size
    assert 0 < file - size["total"]["bytes"] < 20_000  # names and shapes


def test_every_title_has_a_row_of_its_own_shared_rows_or_none(run: Any, tiny: Tiny):
    """Held against a count by rows and n-grams, one title at a time."""
    documents = read_documents(tiny.documents)
    memory, encode = run.model.memory, run.vocabulary.encode
    everything = {pair for item in documents.items for pair in memory.ngrams(encode(item.text)[0])}
    titles = {title: set(memory.ngrams(encode(title)[0])) for title in documents.titles}
    counts = {"different": len(titles), "own_row": 0, "shared_rows_only": 0, "no_row": 0}
    for title, pairs in titles.items():
        others = set().union(*(found for other, found in titles.items() if other != title))
        alone = [
            row
            for row, ngram in pairs
            if not any(r == row and n != ngram for r, n in everything) and row not in {r for r, _ in others}
        ]
        counts["own_row" if alone else "shared_rows_only" if pairs else "no_row"] += 1
    assert weigh(run, documents)["titles"] == counts
    assert counts["own_row"] > 0
    assert counts["shared_rows_only"] > 0


def test_two_people_with_the_same_last_words_share_their_row(run: Any, tiny: Tiny):
    first = read_documents(tiny.documents).titles[0].split()
    assert len(first) > 1
    alone = weigh(run, make_documents([f"{' '.join(first)}. He sang ."]))["titles"]
    assert (alone["own_row"], alone["no_row"]) == (1, 0)
    unknown = weigh(run, make_documents(["Qqq Qqq. He sang ."]))["titles"]
    assert (unknown["own_row"], unknown["no_row"]) == (0, 1)


def test_show_memory_prints_the_report(run: Any, tiny: Tiny):
    report = weigh(run, read_documents(tiny.documents))
    assert closedbook("show", "memory", run.path, "--json").json == report
    done = closedbook("show", "memory", run.path)
    assert done.code == 0
    for count in (report["size"]["dense"]["bytes"], report["orders"][0]["ngrams"], report["titles"]["own_row"]):
        assert f"{count:,}" in done.out


def test_show_memory_of_a_run_without_one_and_of_another_corpus(run: Any, tiny: Tiny, tmp_path: Path):
    done = closedbook("show", "memory", run.path, "--documents", tiny.questions)
    refused(done, "is a file of questions", "--questions")
    moved = tmp_path / "moved.txt"
    moved.write_bytes(tiny.documents.read_bytes())
    plain = tmp_path / "plain"
    assert (
        closedbook("train", tiny.recipe, "--documents", moved, "--questions", tiny.questions, "--run", plain).code == 0
    )
    moved.unlink()
    refused(closedbook("show", "memory", plain), "no longer there", "--documents")
    done = closedbook("show", "memory", plain, "--documents", tiny.documents)
    assert "this run has no memory" in done.out
    assert closedbook("show", "memory", plain, "--documents", tiny.documents, "--json").json["orders"] == []
