"""What a run weighs, and how many names it has a memory of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from shell import Tiny, closedbook, refused

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.data.documents import make_documents, read_documents
from closedbook.inference.memory_stats import weigh


@pytest.fixture(scope="module")
def run(tiny: Tiny) -> Any:
    sets = ["steps=2", "batch=8", "group=1"]
    recipe = load_recipe("demo", ["model.width=8", *(f"stages.learn.{s}" for s in sets)])
    return pipeline.train(recipe, tiny.documents, tiny.questions, run=tiny.folder / "run", threads=1)


def test_parts_add_up_and_bytes_are_those_of_the_file(run: Any, tiny: Tiny):
    documents = read_documents(tiny.documents)
    size, numbers = weigh(run, documents)["size"], 8 * (len(set(documents.titles)) + 1)  # and what names have in common
    assert size["memory"] == {"parameters": numbers, "bytes": 4 * numbers}
    for key in ("parameters", "bytes"):
        assert size["dense"][key] + size["memory"][key] == size["total"][key]
    assert size["total"]["parameters"] == run.folder.record()["parameters"]["total"]
    file = (run.path / "model.safetensors").stat().st_size
    assert 0 < file - size["total"]["bytes"] < 20_000  # names and shapes


def test_documents_that_share_a_title_are_counted(run: Any, tiny: Tiny):
    lines = [item.text for item in read_documents(tiny.documents).items]
    alone = weigh(run, make_documents(lines[:3]))
    assert (alone["names"], alone["shared"]) == (len(run.vocabulary.names), 0)
    assert weigh(run, make_documents([*lines[:3], *lines[:2]]))["shared"] == 4


def test_show_memory_prints_the_report(run: Any, tiny: Tiny):
    report = weigh(run, read_documents(tiny.documents))
    assert closedbook("show", "memory", run.path, "--json").json == report
    done = closedbook("show", "memory", run.path)
    assert done.code == 0
    for count in (report["size"]["dense"]["bytes"], report["names"], report["shared"]):
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
    assert closedbook("show", "memory", plain, "--documents", tiny.documents, "--json").json["names"] is None
