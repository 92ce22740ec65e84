"""Corpora that are folders or JSON, and files that are no corpus."""

from __future__ import annotations

import errno
import json
import os
import sys

import pytest

from closedbook.data.document_files import digest, in_lines
from closedbook.data.documents import read_documents, read_text
from closedbook.errors import DataError
from closedbook.verdicts.evidence_store import EvidenceStore
from closedbook.verdicts.evidence_writer import build_index

MARKDOWN = """---
layout: page
---
# Vera *Lund*

Vera Lund is a [writer](https://example.org/w).
She lives in ![map](m.png) **Lyon**

## Works
- Ilmen
- The `Weir`
"""


@pytest.fixture
def folder(tmp_path):
    notes = tmp_path / "notes"
    (notes / "more").mkdir(parents=True)
    (notes / ".git").mkdir()
    (notes / ".git" / "x.txt").write_text("hidden")
    (notes / "Lake_Ilmen.txt").write_bytes(b"A lake.\r\n\r\nIt is deep.\r\n")
    (notes / "more" / "a.md").write_text(MARKDOWN)
    (notes / "table.csv").write_text("a,b\n")
    return notes


def test_a_folder_of_text_and_markdown_files_is_a_corpus(folder):
    documents = read_documents(folder)
    assert [(item.title, item.text) for item in documents.items] == [
        ("Lake Ilmen", "Lake Ilmen. A lake. It is deep."),
        ("Vera Lund", "Vera Lund. Vera Lund is a writer. She lives in Lyon. Works. Ilmen. The Weir."),
    ]
    assert read_text(folder).items[0].text == "\n".join(item.text for item in documents.items)
    (folder / "table.csv").write_text("changed, and not read")
    assert read_documents(folder).sha256 == documents.sha256
    (folder / "Lake_Ilmen.txt").write_text("Another lake.")
    assert read_documents(folder).sha256 != documents.sha256


def test_a_folder_is_quoted_from_what_the_index_keeps(folder, tmp_path):
    build_index(tmp_path / "evidence.sqlite", read_documents(folder))
    index = EvidenceStore(tmp_path / "evidence.sqlite")
    evidence = index.evidence("Where does Vera Lund live?", "Lyon")
    assert index.trouble is None
    assert (evidence.status, evidence.documents[0].sentence) == ("stands in", "She lives in Lyon.")


def test_json_as_squad_has_it_is_a_corpus_of_its_paragraphs(tmp_path):
    path = tmp_path / "squad.json"
    paragraphs = [{"context": "She wrote\nIlmen.", "qas": []}, {"context": "Ren\u00e9e Lund. Born in Lyon."}]
    path.write_text(json.dumps({"data": [{"title": "Ren%C3%A9e_Lund", "paragraphs": paragraphs}]}))
    documents = read_documents(path)
    assert documents.titles == ["Renée Lund"] * 2
    assert [item.text for item in documents.items] == ["Renée Lund. She wrote Ilmen.", "Renée Lund. Born in Lyon."]
    assert not in_lines(path)
    assert in_lines(tmp_path / "a.jsonl")
    assert not in_lines(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        ('{"data": {}}', "holds neither"),
        ('{"data": [{"paragraphs": []}]}', "article 1 has no title"),
        ('{"data": [{"title": "A", "paragraphs": []}]}', "article 1 has no text"),
        ('[{"title": "A", "text": "b\\ud800"}]', "half a surrogate"),
        ('[{"title": "A%00B", "paragraphs": [{"context": "b"}]}]', "holds a NUL"),
        ('[{"title": "_%20", "paragraphs": [{"context": "b"}]}]', "nothing but spaces as its title"),
    ],
)
def test_json_that_is_no_corpus_is_refused(tmp_path, content, message):
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_documents(path)


def test_questions_given_as_documents_are_noticed(tmp_path):
    path = tmp_path / "asked.tsv"
    path.write_text("Where was Ada born?\tOslo\nWhere was Bo born?\tRome\n")
    with pytest.raises(DataError, match=r"asked.tsv:1: is a file of questions .* give it with --questions"):
        read_documents(path)
    path.write_text("Ada\tBorn in Oslo.\nBo\tBorn in Rome.\nCy\tBorn in Lyon.\n")
    with pytest.raises(DataError, match="is a table"):
        read_documents(path)
    path.write_text("Ada. Born\tin Oslo.\nBo. Born in Rome.\n")
    assert len(read_documents(path)) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_a_folder_is_refused_before_it_is_opened(folder):
    os.mkfifo(folder / "pipe.txt")
    with pytest.raises(DataError, match=r"pipe\.txt: cannot be read \(it is a pipe"):
        read_documents(folder)
    with pytest.raises(OSError, match="it is a pipe"):
        digest(folder)


def test_a_file_of_a_folder_that_exceeds_what_is_read_into_memory_is_refused(folder, monkeypatch):
    (folder / "large.txt").write_bytes(b"Ada. " + b"x" * 1_000_000)
    monkeypatch.setenv("CLOSEDBOOK_READ_AT_MOST", "1")
    with pytest.raises(DataError, match=r"large\.txt: cannot be read \(it holds more than 1 MB"):
        read_documents(folder)


def test_the_files_of_a_folder_together_are_bounded_too(folder, monkeypatch):
    for number in range(3):
        (folder / f"{number}.txt").write_bytes(b"Ada. " + b"x" * 400_000)
    monkeypatch.setenv("CLOSEDBOOK_READ_AT_MOST", "1")
    with pytest.raises(DataError, match=r"its files hold more than 1 MB; .* raise the limit"):
        read_documents(folder)
    with pytest.raises(OSError, match="its files hold more than 1 MB"):
        digest(folder)  # a stranger's run may name any folder as its corpus


def test_a_folder_inside_that_cannot_be_read_is_told_and_not_left_out(folder, monkeypatch):
    (folder / "closed").mkdir()
    scandir = os.scandir

    def denied(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(DataError, match=r"closed: cannot be read \(Permission denied\)"):
        read_documents(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="this system has no such names")
def test_a_name_that_is_not_utf_8_is_no_title(folder):
    (folder / os.fsdecode(b"\xff.txt")).write_text("Born in Oslo.")
    with pytest.raises(DataError, match=r"its name is not UTF-8, and would be the title; rename it"):
        read_documents(folder)


def test_a_file_of_a_folder_that_cannot_be_used_is_named(folder):
    (folder / "b.txt").write_text(" \n")
    with pytest.raises(DataError, match=r"b\.txt: is empty"):
        read_documents(folder)
    (folder / "b.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"b\.txt:1: byte 0xff is not UTF-8"):
        read_documents(folder)
