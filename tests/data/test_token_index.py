"""An index on disk holds what a corpus in memory holds, whatever becomes of the process that builds it."""

from __future__ import annotations

import errno
import gzip
import json
import os

import numpy as np
import pytest

from closedbook.config.schema import ComponentSpec
from closedbook.data import token_index as module
from closedbook.data.documents import read_documents
from closedbook.data.files import Source
from closedbook.data.questions import Question, Questions
from closedbook.data.token_index import open_index, survey
from closedbook.errors import DataError, RunError
from closedbook.objectives import Corpus
from closedbook.synthetic.world import WorldSpec, make_world

WORLD = make_world(WorldSpec.tiny(), 3)
QUESTIONS = Questions(
    tuple(Question(q.text, q.answer, i) for i, q in enumerate(WORLD.questions(split="train"), 1)), "", "q.tsv"
)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """So that a tiny corpus takes many chunks, all of them in the sample."""
    monkeypatch.setattr(module, "CHUNK", 4000)
    monkeypatch.setattr(module, "SAMPLE", 1000)


@pytest.fixture
def corpus_file(tmp_path):
    path = tmp_path / "documents.txt"
    path.write_text("\n".join(WORLD.documents) + "\n", encoding="utf-8")
    return path


def build(path, kind="words", size=0, **more):
    return open_index(path, kind, size, QUESTIONS, processes=1, **more)


@pytest.mark.parametrize(("kind", "size"), [("words", 0), ("characters", 0), ("bpe", 400)])
def test_an_index_holds_what_a_corpus_in_memory_holds(corpus_file, kind, size):
    index = build(corpus_file, kind, size)
    documents = read_documents(corpus_file)
    memory = Corpus(documents, QUESTIONS, index.vocabulary, 256)
    disk = Corpus(index.documents, QUESTIONS, index.vocabulary, 256, index)
    assert disk.documents.sha256 == documents.sha256
    for name in ("tokens", "titles"):
        for part in ("values", "starts"):
            assert np.array_equal(getattr(getattr(disk, name), part), getattr(getattr(memory, name), part))
    assert np.array_equal(disk.bodies, memory.bodies)
    assert np.array_equal(disk.marks, memory.marks)
    for name in ("document", "first", "last", "number", "answer", "starts"):
        assert np.array_equal(getattr(disk.spans, name), getattr(memory.spans, name))
    assert np.array_equal(disk.spans.output.values, memory.spans.output.values)
    for name in ("cue", "masked") if kind == "words" else ("language", "span", "cue"):
        one, other = (ComponentSpec(name).make("objective", corpus) for corpus in (memory, disk))
        assert one.items == other.items
        items = np.random.default_rng(0).permutation(one.items)[:50]
        u = np.random.default_rng(1).random((len(items), one.draws))
        a, b = one.examples(items, u), other.examples(items, u)
        assert np.array_equal(a.inputs.values, b.inputs.values)
        assert b.inputs.values.dtype == np.int32
        assert np.array_equal(a.labels, b.labels)
        assert np.array_equal(one.exposed_spans(items, u), other.exposed_spans(items, u))


def test_indexed_documents_are_those_of_the_file(corpus_file):
    documents, found = read_documents(corpus_file), build(corpus_file).documents
    assert list(found.items) == list(documents.items)
    assert found.items[17] == documents.items[17]
    assert list(found.titles) == documents.titles
    assert list(found.stream()) == list(documents.stream())
    assert len(found.known_titles) == len(documents.known_titles)
    assert all(title in found.known_titles for title in documents.titles)
    assert "Nobody Here" not in found.known_titles
    title = documents.titles[5]
    own = [i for i, other in enumerate(documents.titles) if other == title]
    assert found.namesakes(np.array([5])).tolist() == own


def killed_build(corpus_file, root, monkeypatch):
    """A build that ends at its fourth chunk; the chunks that were begun, these and later ones."""
    work, calls = module._work, []

    def dies(chunk):
        calls.append(chunk.line)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return work(chunk)

    monkeypatch.setattr(module, "_work", dies)
    with pytest.raises(KeyboardInterrupt):
        build(corpus_file, root=root)
    return calls


def test_a_build_that_was_killed_goes_on_and_ends_in_the_same_files(corpus_file, tmp_path, monkeypatch):
    whole = build(corpus_file, root=tmp_path / "whole")
    calls = killed_build(corpus_file, tmp_path / "killed", monkeypatch)
    (folder,) = (path for path in (tmp_path / "killed").iterdir() if path.is_dir())
    with open(folder / "tokens.bin", "ab") as file:  # what was being written when it was killed
        file.write(b"half a chunk")
    with open(folder / "journal.jsonl", "ab") as file:
        file.write(b'{"bytes": 40')
    assert build(corpus_file, root=tmp_path / "killed").about["bytes"] == whole.about["bytes"]
    assert calls[4] == calls[3] > calls[2]  # what had been done was not done again
    for name in whole.about["bytes"]:
        assert (folder / f"{name}.bin").read_bytes() == (whole.folder / f"{name}.bin").read_bytes()


@pytest.mark.parametrize("name", ["tokens.bin", "span_starts.bin", "journal.jsonl"])
@pytest.mark.parametrize(
    "damage", [lambda x: x[:-1], lambda x: x[: len(x) // 2], lambda x: x[:99] + bytes([x[99] ^ 4]) + x[100:]]
)
def test_what_is_damaged_of_a_build_that_was_killed_is_done_again(corpus_file, tmp_path, monkeypatch, name, damage):
    whole = build(corpus_file, root=tmp_path / "whole")
    calls = killed_build(corpus_file, tmp_path / "killed", monkeypatch)
    (path,) = (tmp_path / "killed").glob(f"*/{name}")
    path.write_bytes(damage(path.read_bytes()))
    index = build(corpus_file, root=tmp_path / "killed")
    assert calls[4] < calls[3]  # not all that had been done was taken over
    assert index.about == whole.about
    for array in whole.about["bytes"]:
        assert (index.folder / f"{array}.bin").read_bytes() == (whole.folder / f"{array}.bin").read_bytes()


@pytest.mark.parametrize("at", [1, 3, 19])
def test_a_build_whose_disk_is_full_says_so_and_goes_on_once_there_is_room(corpus_file, tmp_path, monkeypatch, at):
    whole = build(corpus_file, root=tmp_path / "whole")
    calls, real = 0, os.fsync

    def full(descriptor):
        nonlocal calls
        calls += 1
        if calls >= at:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunError, match=r"cannot be written \(No space left on device\)"):
            build(corpus_file, root=tmp_path / "full")
    assert build(corpus_file, root=tmp_path / "full").about == whole.about


def test_two_processes_build_the_same_files(corpus_file, tmp_path):
    one = build(corpus_file, root=tmp_path / "one")
    two = open_index(corpus_file, "words", 0, QUESTIONS, processes=2, root=tmp_path / "two")
    for name in one.about["bytes"]:
        assert (one.folder / f"{name}.bin").read_bytes() == (two.folder / f"{name}.bin").read_bytes()


def test_an_index_is_opened_again_and_a_changed_corpus_or_question_is_noticed(corpus_file, monkeypatch):
    first = build(corpus_file)
    with monkeypatch.context() as patched:
        patched.setattr(module, "survey", None)  # it is not read again
        assert build(corpus_file).folder == first.folder
    text = corpus_file.read_text(encoding="utf-8")
    os.utime(corpus_file, ns=(1, 1))
    assert build(corpus_file).folder == first.folder  # touched, not changed
    corpus_file.write_text(text.replace("a", "e", 1), encoding="utf-8")
    changed = build(corpus_file)
    assert changed.folder != first.folder
    assert changed.documents.sha256 == read_documents(corpus_file).sha256
    fewer = Questions(QUESTIONS.items[:-1], "", "q.tsv")
    assert open_index(corpus_file, "words", 0, fewer, processes=1).folder != changed.folder


@pytest.mark.parametrize("large", [False, True])
def test_an_index_of_which_any_file_is_altered_is_refused(corpus_file, monkeypatch, large):
    if large:  # parts of each file are looked at: here there are few, so all of them
        monkeypatch.setattr(module, "HELD_WHOLE", 0)
        monkeypatch.setattr(module, "PARTS", 1000)
    index = build(corpus_file)
    for name in [f"{array}.bin" for array in index.about["bytes"]] + ["index.json"]:
        path = index.folder / name
        content = path.read_bytes()
        middle = len(content) // 2
        flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        for spoiled in (flipped, b"", content[:-1], content + b"x", bytes(len(content))):
            if spoiled == content:  # zeros, where there were zeros
                continue
            path.write_bytes(spoiled)
            with pytest.raises(RunError, match=r"is damaged .*remove the folder"):
                build(corpus_file)
        path.write_bytes(content)
    assert build(corpus_file).about == index.about


@pytest.mark.parametrize("content", [b"[]", b"null", b"{", b"\xff", b""])
def test_what_is_known_of_corpora_may_be_damaged(corpus_file, content):
    index = build(corpus_file)
    (index.folder.parent / "corpora.json").write_bytes(content)
    assert build(corpus_file).folder == index.folder


def test_compressed_corpora_and_json_lines_give_the_same_arrays(corpus_file, tmp_path):
    zstandard = pytest.importorskip("zstandard")
    plain = build(corpus_file)
    content = corpus_file.read_bytes()
    entries = [
        {"name": d.title, "body": d.text.removeprefix(f"{d.title}. ")} for d in read_documents(corpus_file).items
    ]
    lines = "".join(json.dumps(entry) + "\n" for entry in entries).encode()
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(content))
    (tmp_path / "b.txt.zst").write_bytes(zstandard.compress(content[:5000]) + zstandard.compress(content[5000:]))
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(lines))
    for name in ("a.txt.gz", "b.txt.zst", "c.jsonl.gz:title=name,text=body"):
        other = build(f"{tmp_path}/{name}")
        for array in ("tokens", "token_starts", "marks", "span_first", "names"):
            assert np.array_equal(other[array], plain[array])
        assert [item.text for item in other.documents.items] == list(WORLD.documents)


def test_complaints_name_the_line_of_the_whole_file(tmp_path):
    path = tmp_path / "documents.txt"
    path.write_bytes("\n".join(WORLD.documents).encode() + b"\nBo Li. B\xe9.\n")
    with pytest.raises(DataError, match=rf"documents\.txt:{len(WORLD.documents) + 1}: byte 0xe9 is not UTF-8"):
        build(path)
    path.write_text("\n".join(WORLD.documents) + "\nBo Li. ⁇.\n", encoding="utf-8")
    with pytest.raises(DataError, match=f"line {len(WORLD.documents) + 1} of the documents holds"):
        build(path, "characters")


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(corpus_file, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(RunError, match=r"cannot be written .*--index FOLDER"):
        build(corpus_file, root=tmp_path / "taken")


def test_a_survey_samples_every_part_of_the_file_alike(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 100)
    monkeypatch.setattr(module, "SAMPLE", 8)
    path = tmp_path / "documents.txt"
    path.write_text("".join(f"Name {i:06}. He sang.\n" for i in range(4000)), encoding="utf-8")
    found = survey(Source.of(path), names={"Name 000007", "Nobody"})
    lines = [chunk.line for chunk in found.sample]
    assert len(lines) == 8
    assert lines == sorted(lines)
    assert lines[0] < 2000 < lines[-1]
    assert found.titles == {"Name 000007"}
    assert found.bytes == path.stat().st_size
