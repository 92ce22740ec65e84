"""An index on disk holds what a corpus in memory holds, whatever becomes of the process that builds it."""

from __future__ import annotations

import errno
import gzip
import json
import os
import shutil
import sys
import zlib

import numpy as np
import pyarrow as pa
import pytest

from closedbook.config.registry import ComponentSpec
from closedbook.data import arrow_columns
from closedbook.data import token_index as opening
from closedbook.data import token_index_builder as module
from closedbook.data.arrow_columns import MappedStream
from closedbook.data.documents import read_documents
from closedbook.data.files import Source
from closedbook.data.names import NameIndex
from closedbook.data.questions import Question, Questions
from closedbook.data.token_index import open_index
from closedbook.data.token_index_builder import schemas, survey
from closedbook.errors import DataError, RunError
from closedbook.objectives import Corpus
from closedbook.runs import store
from closedbook.runs.store import digest
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
        in_memory, on_disk = (ComponentSpec(name).make("objective", corpus) for corpus in (memory, disk))
        assert in_memory.items == on_disk.items
        items = np.random.default_rng(0).permutation(in_memory.items)[:50]
        u = np.random.default_rng(1).random((len(items), in_memory.draws))
        a, b = in_memory.examples(items, u), on_disk.examples(items, u)
        assert np.array_equal(a.inputs.values, b.inputs.values)
        assert b.inputs.values.dtype == np.int32
        assert np.array_equal(a.labels, b.labels)
        assert np.array_equal(in_memory.exposed_spans(items, u), on_disk.exposed_spans(items, u))


def test_titles_are_names_in_memory_and_on_disk_alike(corpus_file):
    index, documents = build(corpus_file), read_documents(corpus_file)
    assert list(index.documents.titles) == list(documents.titles)
    vocabulary = index.vocabulary.with_names(NameIndex.of(index.documents.titles))
    assert vocabulary.names.names == list(dict.fromkeys(documents.titles))
    memory = Corpus(documents, QUESTIONS, vocabulary, 256)
    disk = Corpus(index.documents, QUESTIONS, vocabulary, 256, index)
    assert disk.titles.lengths.tolist() == [1] * len(documents)
    assert np.array_equal(disk.titles.values, memory.titles.values)
    for name in ("cue", "masked", "question"):
        in_memory, on_disk = (ComponentSpec(name).make("objective", corpus) for corpus in (memory, disk))
        items = np.random.default_rng(0).permutation(in_memory.items)[:50]
        u = np.random.default_rng(1).random((len(items), in_memory.draws))
        a, b = in_memory.examples(items, u), on_disk.examples(items, u)
        assert np.array_equal(a.inputs.values, b.inputs.values)
        assert np.array_equal(a.labels, b.labels)


def test_indexed_documents_are_those_of_the_file(corpus_file):
    documents, indexed = read_documents(corpus_file), build(corpus_file).documents
    assert list(indexed.items) == list(documents.items)
    assert indexed.items[17] == documents.items[17]
    assert list(indexed.titles) == documents.titles
    assert list(indexed.stream()) == list(documents.stream())
    assert len(indexed.known_titles) == len(documents.known_titles)
    assert all(title in indexed.known_titles for title in documents.titles)
    assert "Nobody Here" not in indexed.known_titles
    title = documents.titles[5]
    same_title = [i for i, name in enumerate(documents.titles) if name == title]
    assert indexed.namesakes(np.array([5])).tolist() == same_title


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


FILES = ("tokens.arrows", "titles.arrows", "index.json")


def content(index):
    return {name: (index.folder / name).read_bytes() for name in FILES}


def test_a_build_that_was_killed_goes_on_and_ends_in_the_same_files(corpus_file, tmp_path, monkeypatch):
    whole = build(corpus_file, root=tmp_path / "whole")
    calls = killed_build(corpus_file, tmp_path / "killed", monkeypatch)
    (folder,) = (path for path in (tmp_path / "killed").iterdir() if path.is_dir())
    with open(folder / "tokens.arrows", "ab") as file:  # what was being written when it was killed
        file.write(b"half a batch")
    with open(folder / "batches.txt", "ab") as file:
        file.write(b"4000")
    messages = []
    assert content(build(corpus_file, root=tmp_path / "killed", progress=messages.append)) == content(whole)
    assert calls[4] == calls[3] > calls[2]  # what had been done was not done again
    assert any("going on behind 3 parts" in text for text in messages)


@pytest.mark.parametrize("name", ["tokens.arrows", "batches.txt"])
@pytest.mark.parametrize(
    "damage", [lambda x: x[:-1], lambda x: x[: len(x) // 2], lambda x: x[:-9] + bytes([x[-9] ^ 4]) + x[-8:]]
)
def test_what_is_damaged_of_a_build_that_was_killed_is_done_again(corpus_file, tmp_path, monkeypatch, name, damage):
    whole = build(corpus_file, root=tmp_path / "whole")
    calls = killed_build(corpus_file, tmp_path / "killed", monkeypatch)
    (path,) = (tmp_path / "killed").glob(f"*/{name}")
    path.write_bytes(damage(path.read_bytes()))
    index = build(corpus_file, root=tmp_path / "killed")
    assert calls[4] < calls[3]  # not all that had been done was taken over
    assert content(index) == content(whole)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
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
    assert content(build(corpus_file, root=tmp_path / "full")) == content(whole)


def test_two_processes_build_the_same_files(corpus_file, tmp_path):
    alone = build(corpus_file, root=tmp_path / "one")
    in_two = open_index(corpus_file, "words", 0, QUESTIONS, processes=2, root=tmp_path / "two")
    assert content(alone) == content(in_two)


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
        monkeypatch.setattr(arrow_columns, "CHECKED_WHOLE", 0)
        monkeypatch.setattr(arrow_columns, "CHECKED", 1000)
    index = build(corpus_file)
    for name in FILES:
        path = index.folder / name
        whole = path.read_bytes()
        for spoiled in (
            *(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (0, 99, len(whole) // 2, len(whole) - 1)),
            *(b"", whole[:-1], whole + b"x", bytes(len(whole)), whole[: len(whole) // 2]),
        ):
            path.write_bytes(spoiled)
            with pytest.raises(RunError, match=r"is damaged .*remove the folder"):
                build(corpus_file)
        path.write_bytes(whole)
    assert build(corpus_file).about == index.about


def forge(index, **changes):
    """Change what index.json says, and seal it again, as a stranger could."""
    about = {**index.about, **changes}
    (index.folder / "index.json").write_text(json.dumps({**about, "seal": digest(about)}), encoding="utf-8")


@pytest.mark.parametrize(
    "changes",
    [{"source": 7}, {"source": None}, {"batches": {}}, {"titles": [["1", 2]]}, {"documents": -1}, {"sha256": 1}],
)
def test_values_of_other_types_are_refused_whatever_an_index_says_of_itself(corpus_file, changes):
    forge(build(corpus_file), **changes)
    with pytest.raises(RunError, match=r"is damaged .*remove the folder"):
        build(corpus_file)


def forged_batches(path, header, batches):
    """Write a stream of these batches with the checksums that belong to it."""
    path.write_bytes(header)
    ends = []
    with open(path, "ab") as file:
        for batch in batches:
            file.write(batch)
            ends.append((file.tell(), zlib.crc32(batch)))
    return ends


@pytest.mark.parametrize("kind", [pa.int64(), pa.int8(), pa.binary(), pa.list_(pa.int64())])
def test_columns_of_other_types_are_refused_whatever_an_index_says_of_itself(corpus_file, kind):
    index = build(corpus_file)
    schema = schemas(index.vocabulary)[0]
    batches = MappedStream(index.folder / "tokens.arrows", schema, index.about["batches"]).batches
    forged = batches[0].set_column(2, "body", pa.array([None] * batches[0].num_rows, kind))
    content = [bytes(batch.serialize()) for batch in (forged, *batches[1:])]
    for header, batch_bytes in ((schema, content), (forged.schema, content[:1])):
        forge(index, batches=forged_batches(index.folder / "tokens.arrows", bytes(header.serialize()), batch_bytes))
        with pytest.raises(RunError, match="is damaged"):
            build(corpus_file)


@pytest.mark.parametrize("starts", [[0, 1 << 30], [-(1 << 30), 0], [0, -1]])
def test_offsets_that_point_out_of_their_column_are_refused(corpus_file, monkeypatch, starts):
    monkeypatch.setattr(module, "CHUNK", 1 << 20)  # one batch
    index = build(corpus_file)
    path = index.folder / "tokens.arrows"
    schema = schemas(index.vocabulary)[0]
    (batch,) = MappedStream(path, schema, index.about["batches"]).batches
    whole, place = bytes(batch.serialize()), batch.column(0).buffers()[1]
    before = bytes(memoryview(place))
    at = whole.index(before)
    spoiled = whole[:at] + np.array(starts, np.int32).tobytes() + whole[at + 8 :]
    forge(index, batches=forged_batches(path, bytes(schema.serialize()), [spoiled]))
    with pytest.raises(RunError, match="is damaged"):
        build(corpus_file)


@pytest.mark.parametrize(
    "changes",
    [
        {"batches": []}, {"batches": None}, {"batches": [[1 << 60, 0]]}, {"batches": [[-8, 0]]}, {"titles": []},
        {"batches": [["1", "2"]]}, {"documents": 10**9}, {"documents": "9"}, {"sha256": "0" * 64}, {"settings": {}},
        {"vocabulary": {"kind": "characters", "characters": ["a"]}}, {"vocabulary": []},
    ],
)  # fmt: skip
def test_a_forged_index_json_is_refused(corpus_file, changes):
    index = build(corpus_file)
    forge(index, **changes)
    with pytest.raises(RunError, match="is damaged"):
        build(corpus_file)


@pytest.mark.parametrize("name", [*FILES, ".lock"])
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), lambda path: path.mkdir()])
def test_a_pipe_a_device_or_a_link_in_place_of_a_file_is_refused_unopened(corpus_file, name, make):
    path = build(corpus_file).folder / name
    path.unlink(missing_ok=True)
    make(path)
    with pytest.raises(RunError, match="is not a plain file"):
        build(corpus_file)


@pytest.mark.parametrize("name", ["tokens.arrows", "batches.txt", "terms.json"])
def test_a_link_in_a_folder_that_is_built_in_is_not_followed(corpus_file, tmp_path, monkeypatch, name):
    killed_build(corpus_file, tmp_path / "root", monkeypatch)
    (path,) = (tmp_path / "root").glob(f"*/{name}")
    (tmp_path / "precious").write_text("of another")
    path.unlink()
    path.symlink_to(tmp_path / "precious")
    with pytest.raises(RunError, match="is not a plain file"):
        build(corpus_file, root=tmp_path / "root")
    assert (tmp_path / "precious").read_text() == "of another"


@pytest.mark.parametrize("large", [False, True])
def test_a_corpus_that_was_changed_with_its_size_and_time_kept_is_indexed_anew(corpus_file, monkeypatch, large):
    if large:  # a sample is compared: here it is all there is
        monkeypatch.setattr(store, "HASHED_WHOLE", 0)
        monkeypatch.setattr(opening, "HASHED_WHOLE", 0)
        with open(corpus_file, "ab") as file:
            file.write(b"Bo Li. He sang .\n" * (1 << 16))
        monkeypatch.setattr(module, "CHUNK", 1 << 20)
    first = build(corpus_file)
    status = corpus_file.stat()
    text = corpus_file.read_text(encoding="utf-8")
    corpus_file.write_text(text.replace("a", "e", 1), encoding="utf-8")
    os.utime(corpus_file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert corpus_file.stat().st_size == status.st_size
    changed = build(corpus_file)
    assert changed.folder != first.folder
    assert changed.documents.sha256 == read_documents(corpus_file).sha256


def test_a_corpus_that_is_changed_while_it_is_encoded_is_refused(corpus_file, monkeypatch):
    work, text = module._work, corpus_file.read_text(encoding="utf-8")

    def changes(chunk):
        if chunk.line == 1:
            corpus_file.write_text(text[:-9] + "another.\n", encoding="utf-8")
        return work(chunk)

    monkeypatch.setattr(module, "_work", changes)
    with pytest.raises(DataError, match="altered while it was indexed"):
        build(corpus_file)


def test_a_corpus_that_is_changed_after_it_was_opened_is_told_where_its_text_is_read(corpus_file):
    documents = build(corpus_file).documents
    text = corpus_file.read_text(encoding="utf-8")
    corpus_file.write_text(text.replace("a", "e", 1), encoding="utf-8")
    with pytest.warns(UserWarning, match="was changed after it was indexed"):
        list(documents.stream())


def test_an_index_that_was_there_is_opened_and_told(corpus_file, tmp_path):
    index, messages = build(corpus_file), []
    build(corpus_file, progress=messages.append)
    assert [str(index.folder) in text and "which was there: all of" in text for text in messages] == [True]
    elsewhere = tmp_path / "moved" / "documents.txt"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(corpus_file.read_bytes())
    shutil.copytree(f"{corpus_file}.index", f"{elsewhere}.index")
    messages.clear()
    assert build(elsewhere, progress=messages.append).about["sha256"] == index.about["sha256"]
    assert ["is new to this place" in text for text in messages] == [True]


def test_without_pyarrow_a_large_corpus_is_one_line_that_says_what_to_install(corpus_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match=r"pip install 'closedbook\[large\]'"):
        build(corpus_file)


def test_any_arrow_program_reads_an_index_as_a_table_of_documents(corpus_file):
    index = build(corpus_file)
    with pa.ipc.open_stream(str(index.folder / "tokens.arrows")) as reader:
        table = reader.read_all()
    assert table["name"].to_pylist() == read_documents(corpus_file).titles
    assert [entry["token"] for entry in table["tokens"][7].as_py()] == index.tokens[7].tolist()


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
        index = build(f"{tmp_path}/{name}")
        for array in plain.columns:
            assert np.array_equal(index[array], plain[array])
        assert [item.text for item in index.documents.items] == list(WORLD.documents)


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
    surveyed = survey(Source.of(path), names={"Name 000007", "Nobody"})
    lines = [chunk.line for chunk in surveyed.sample]
    assert len(lines) == 8
    assert lines == sorted(lines)
    assert lines[0] < 2000 < lines[-1]
    assert surveyed.titles == {"Name 000007"}
    assert surveyed.bytes == path.stat().st_size
