"""Training on an indexed corpus, from the file to the evidence."""

from __future__ import annotations

import gzip
import json

import pytest
from tensors import same_tensors

from closedbook import pipeline
from closedbook.config.loading import load_recipe
from closedbook.data.documents import read_documents
from closedbook.runs.weights import load_tensors
from closedbook.synthetic.world import WorldSpec, make_world
from closedbook.training.setup import prepare_training

SMALL = [
    "model.width=16", "model.heads=2", "model.layers=1", "stages.learn.steps=6",
    "stages.learn.batch=8", "data.held_out={}", "model.matmul_dtype=float32",
]  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    make_world(WorldSpec.tiny(), 3).write(folder)
    documents = read_documents(folder / "documents.txt").items
    entries = [json.dumps({"title": d.title, "text": d.text.removeprefix(f"{d.title}. ")}) for d in documents]
    (folder / "documents.jsonl.gz").write_bytes(gzip.compress("\n".join(entries).encode()))
    return folder


def train(data, run, documents="documents.txt", **more):
    recipe = load_recipe("fast", SMALL)
    return pipeline.train(recipe, data / documents, data / "questions-train.tsv", run=run, threads=1, **more)


def test_an_indexed_corpus_trains_the_same_weights_and_tells_the_same_evidence(data, tmp_path):
    plain = train(data, tmp_path / "plain")
    notes = []
    indexed = train(data, tmp_path / "indexed", index=tmp_path / "index", callbacks=[notes.append])
    packed = train(data, tmp_path / "packed", "documents.jsonl.gz", index=tmp_path / "index")
    assert any(isinstance(note, pipeline.Message) and "indexing" in note.text for note in notes)
    weights = [load_tensors(run.path / "model.safetensors")[0] for run in (plain, indexed, packed)]
    assert same_tensors(weights[0], weights[1])
    assert same_tensors(weights[0], weights[2])
    question = (data / "questions-train.tsv").read_text(encoding="utf-8").split("\t")[0]
    answers = [run.ask(question) for run in (plain, indexed, packed)]
    assert answers[0].evidence is not None
    assert answers[0].evidence.documents
    assert answers[0].evidence == answers[1].evidence == answers[2].evidence
    assert indexed.folder.record()["documents"]["index"] == str(tmp_path / "index")
    assert not (data / "documents.txt.index").exists()


def test_a_large_corpus_is_indexed_beside_its_file_unasked(data, tmp_path, monkeypatch):
    from closedbook.data import token_index as index

    monkeypatch.setattr(index, "LARGE", 1000)
    here = tmp_path / "documents.txt"
    here.write_bytes((data / "documents.txt").read_bytes())
    setup = prepare_training(load_recipe("fast", SMALL), here, data / "questions-train.tsv")
    assert setup.corpus.indexed is not None
    assert (tmp_path / "documents.txt.index").is_dir()
    monkeypatch.setattr(index.os, "access", lambda *_: False)  # a folder that cannot be written
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert index.default_root(tmp_path / "other.txt") == tmp_path / "cache" / "closedbook" / "indexes"
