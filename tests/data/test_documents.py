"""Documents and their titles, and every way in which a text file can be wrong."""

from __future__ import annotations

import hashlib
import os
import re

import pytest

from closedbook.data.documents import make_documents, read_documents, read_text, title_of
from closedbook.data.questions import read_questions
from closedbook.errors import DataError

GOOD = "Ada Ray. Ada Ray was born in Oslo.\nBo Li. Bo Li was born in Rome.\n"

BAD = {
    "two blank lines at the end": (GOOD.encode() + b"\n", 3, "blank"),
    "a blank line in the middle": (b"Ada Ray. Hi.\n\nBo Li. Hi.\n", 2, "blank"),
    "a line of spaces": (b"Ada Ray. Hi.\nBo Li. Hi.\n \t \nCy Po. Hi.\n", 3, "blank"),
    "Latin-1": (b"Ada Ray. Hi.\nBo L\xed. Hi.\n", 2, "0xed is not UTF-8"),
    "UTF-16": (GOOD.encode("utf-16"), 1, "not UTF-8"),
    "a carriage return within a line": (b"Ada Ray. Hi.\nBo Li.\r Hi.\r\n", 2, "carriage return"),
    "NUL": (b"Ada Ray. Hi.\nBo Li. Hi.\nCy\0Po. Hi.\n", 3, "NUL"),
}


def test_windows_line_ends_and_a_byte_order_mark_change_neither_texts_nor_titles(tmp_path):
    plain, windows = tmp_path / "plain.txt", tmp_path / "windows.txt"
    plain.write_bytes(GOOD.encode())
    windows.write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert read_documents(windows).items == read_documents(plain).items
    assert read_questions(windows).texts == read_questions(plain).texts
    assert [read_documents(windows).items[1].text, "Bo Li"] == ["Bo Li. Bo Li was born in Rome.", "Bo Li"]
    for (_, start, line), text in zip(read_documents(windows).stream(), GOOD.splitlines(), strict=True):
        assert windows.read_bytes()[start : start + len(line)] == line == text.encode() + b"\r"
    windows.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_documents(windows).titles == read_documents(plain).titles
    assert read_documents(windows).items[0].text == "\ufeff" + GOOD.splitlines()[0]  # a character, as in the course
    assert read_questions(windows).texts == read_questions(plain).texts


def test_a_git_lfs_pointer_is_called_one(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 4\n")
    for read in (read_documents, read_questions):
        with pytest.raises(DataError, match=r"is a Git LFS pointer.*git lfs pull"):
            read(path)


@pytest.mark.parametrize("read", [read_documents, read_questions])
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_line_is_refused_by_file_line_and_reason(tmp_path, read, kind):
    content, line, reason = BAD[kind]
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}:{line}: ")
    assert reason in message
    assert "\n" not in message


@pytest.mark.parametrize("read", [read_documents, read_questions, read_text])
@pytest.mark.parametrize("content", [b"", b"\n", b" \n\t\n"])
def test_an_empty_file_is_refused(tmp_path, read, content):
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"^{path}: is empty"):
        read(path)


@pytest.mark.parametrize("read", [read_documents, read_questions, read_text])
def test_a_missing_file_a_folder_and_an_impossible_path_are_refused_by_name(tmp_path, read):
    with pytest.raises(DataError, match=rf"^{tmp_path}/none\.txt: no such file"):
        read(tmp_path / "none.txt")
    with pytest.raises(DataError, match=rf"^{tmp_path} is a folder"):
        read(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / ("x" * 300))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_refused(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(GOOD)
    path.chmod(0)
    with pytest.raises(DataError, match="cannot be read"):
        read_documents(path)


@pytest.mark.parametrize("content", [GOOD, GOOD.removesuffix("\n")])
def test_the_last_line_may_or_may_not_end(tmp_path, content):
    path = tmp_path / "text.txt"
    path.write_text(content)
    documents = read_documents(path)
    assert [item.line for item in documents.items] == [1, 2]
    assert documents.items[1].text == "Bo Li. Bo Li was born in Rome."
    assert documents.sha256 == hashlib.sha256(content.encode()).hexdigest()


def test_only_a_newline_ends_a_line(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("A B. one\u2028two\u0085three\x0cfour\nC D. five\n", encoding="utf-8")
    assert read_documents(path).titles == ["A B", "C D"]


def test_any_text_is_one_document_without_a_title_and_keeps_its_lines(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("one\n\n  two. three\n")
    (document,) = read_text(path).items
    assert (document.text, document.title) == ("one\n\n  two. three\n", "")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Ada Ray. Ada was born in Oslo. She died.", "Ada Ray"),
        ("John F. Kennedy. He was president.", "John F. Kennedy"),
        ("J. R. R. Tolkien. A writer.", "J. R. R. Tolkien"),
        ("J.R. Smith. A writer.", "J.R. Smith"),
        ("J.-P. Serre. A mathematician.", "J.-P. Serre"),
        ("John Day, Jr.. He was a printer.", "John Day, Jr."),
        ("John Day, Sr.. He was a printer.", "John Day, Sr."),
        ("Asa Ray Jr. Li. A printer.", "Asa Ray Jr. Li"),
        ("Sr. Maria Ray. A nun.", "Sr. Maria Ray"),
        ("St. Clair Drake. A sociologist.", "St. Clair Drake"),
        ("Dr. Ada Ray. A doctor.", "Dr. Ada Ray"),
        ("Charles W. Moorman III. A manager.", "Charles W. Moorman III"),
        ("Hyman I. Goldstein. A physician.", "Hyman I. Goldstein"),
        ("Anastasius I. Pope from 399.", "Anastasius I"),
        ("Élodie É. Roy. Une femme.", "Élodie É. Roy"),
        ("Ada Ray", "Ada Ray"),
        ("Ada Ray.", "Ada Ray"),
        ("Ada Ray.No space. Here.", "Ada Ray.No space"),
    ],
)
def test_a_title_ends_at_the_first_stop_that_is_not_part_of_the_name(text, title):
    assert title_of(text) == title


def test_people_of_one_name_are_listed_together():
    documents = make_documents(["Ada Ray. Born in Oslo.", "Bo Li. Born in Rome.", "Ada Ray. Born in Lima."])
    index = documents.by_title()
    assert [item.line for item in index["Ada Ray"]] == [1, 3]
    assert sum(map(len, index.values())) == 3


def test_every_name_the_course_asks_for_is_the_title_of_a_document(cs224n):
    titles = set(read_documents(cs224n / "wiki.txt").titles)
    questions = 0
    for name in ("birth_places_train.tsv", "birth_dev.tsv", "birth_test_inputs.tsv"):
        for question in read_questions(cs224n / name).items:
            match = re.fullmatch(r"Where was (.+) born\?", question.text)
            assert match
            assert match.group(1) in titles, f"{name}:{question.line}"
            questions += 1
    assert questions == 2937


def test_a_naive_split_gives_145_wrong_titles_on_the_course_s_documents(cs224n):
    documents = read_documents(cs224n / "wiki.txt")
    assert len(documents) == 2937
    assert sum(item.text.split(". ")[0] != item.title for item in documents.items) == 145
