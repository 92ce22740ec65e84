"""Question files of other formats: what is read of each, and what is said where one cannot be used."""

from __future__ import annotations

import gzip
import json
import warnings

import pytest

from closedbook.data.questions import read_questions
from closedbook.errors import DataError

ASKED = [("Who wrote Ilmen?", ("Vera Lund", "V. Lund")), ("When was Ilmen written?", ("1.50",))]


def read(tmp_path, name, content, mapping=""):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    questions = read_questions(f"{path}{mapping}")
    return [(item.text, item.accepted) for item in questions.items]


def lines(*entries):
    return "".join(json.dumps(entry) + "\n" for entry in entries)


SQUAD = {
    "version": "2.0",
    "data": [
        {
            "title": "Ilmen",
            "paragraphs": [
                {
                    "context": "Ilmen is a novel.",
                    "qas": [
                        {
                            "question": ASKED[0][0],
                            "id": "1",
                            "answers": [{"text": "Vera Lund", "answer_start": 0}, {"text": "V. Lund"}],
                        },
                        {"question": "Who hated it?", "is_impossible": True, "answers": []},
                        {"question": ASKED[1][0], "answers": [{"text": "1.50"}]},
                    ],
                }
            ],
        }
    ],
}
TRIVIA = {
    "Domain": "unfiltered-web",
    "Data": [
        {"Question": ASKED[0][0], "Answer": {"Value": "Vera Lund", "Aliases": ["Vera Lund", "V. Lund"]}},
        {"Question": ASKED[1][0], "Answer": {"Value": "1.50", "Aliases": [], "Type": "Numerical"}},
    ],
}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", 'Who wrote Ilmen?\t["Vera Lund", "V. Lund"]\nWhen was Ilmen written?\t1.50\n'),
        ("dpr.csv.tsv", "Who wrote Ilmen?\t['Vera Lund', 'V. Lund']\nWhen was Ilmen written?\t['1.50']\n"),
        ("quoted.tsv", 'Who wrote Ilmen?\t"[""Vera Lund"", ""V. Lund""]"\nWhen was Ilmen written?\t1.50\n'),
        (
            "popqa.tsv",
            'id\tsubj\tquestion\tpossible_answers\n1\tx\tWho wrote Ilmen?\t"[""Vera Lund"", ""V. Lund""]"\n'
            '2\tx\tWhen was Ilmen written?\t"[""1.50""]"\n',
        ),
        ("b.csv", b'\xef\xbb\xbfQuestion,Answer\r\nWho wrote Ilmen?,"[""Vera Lund"", ""V. Lund""]"\r\n'
                  b"When was Ilmen written?,1.50\r\n"),
        ("bare.csv", 'Who wrote Ilmen?,"[""Vera Lund"", ""V. Lund""]"\nWhen was Ilmen written?,1.50\n'),
        ("nq.jsonl", lines({"question": ASKED[0][0], "answer": ["Vera Lund", "V. Lund"]},
                           {"question": ASKED[1][0], "answer": ["1.50"]})),
        ("number.jsonl", lines({"question": ASKED[0][0], "answers": ["Vera Lund", "V. Lund"]})
                         + '{"question": "When was Ilmen written?", "answers": 1.50}\n'),
        ("hf.jsonl", lines({"question": ASKED[0][0], "answer": {"aliases": ["V. Lund"], "value": "Vera Lund"}},
                           {"question": ASKED[1][0], "answers": {"text": ["1.50"], "answer_start": [3]}})),
        ("triviaqa.json", json.dumps(TRIVIA)),
        ("squad.json", json.dumps(SQUAD)),
        ("list.json", json.dumps([{"question": q, "answer": list(a)} for q, a in ASKED])),
        ("z.jsonl.gz", gzip.compress(lines(*({"question": q, "answer": list(a)} for q, a in ASKED)).encode())),
    ],
)  # fmt: skip
def test_every_format_gives_the_questions_and_all_their_answers(tmp_path, name, content):
    assert read(tmp_path, name, content) == ASKED


def test_fields_of_other_names_are_named_behind_the_path(tmp_path):
    csv = "nr,q,gold\n1,Who wrote Ilmen?,Vera Lund\n"
    assert read(tmp_path, "a.csv", csv, ":question=q,answer=gold") == [("Who wrote Ilmen?", ("Vera Lund",))]
    jsonl = lines({"q": "Who wrote Ilmen?", "gold": "Vera Lund"})
    assert read(tmp_path, "a.jsonl", jsonl, ":question=q,answer=gold") == [("Who wrote Ilmen?", ("Vera Lund",))]


def test_only_a_newline_ends_a_row_of_a_table(tmp_path):
    """Texts from elsewhere hold other marks that Python's `splitlines` ends a line at."""
    table = "question,answer\nWho\u2028wrote it?,Vera\x85Lund\nWhen\x0bwas it?,1950\n"
    assert read(tmp_path, "a.csv", table) == [("Who wrote it?", ("Vera\x85Lund",)), ("When was it?", ("1950",))]
    with pytest.raises(DataError, match=r"a\.csv:3: has no question"):
        read(tmp_path, "a.csv", "question,answer\nWho\u2028wrote it?,Vera Lund\n,1950\n")


def test_a_path_too_long_for_the_system_is_refused_as_any_other():
    with pytest.raises(DataError, match="cannot be read"):
        read_questions("a" * 5000 + ":b")


def test_an_answer_in_brackets_that_is_no_list_is_a_text(tmp_path):
    table = "Which sign?\t[1]\nWhich other?\t[sic]\n"
    assert read(tmp_path, "a.tsv", table) == [("Which sign?", ("[1]",)), ("Which other?", ("[sic]",))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Python would warn of the number
        assert read(tmp_path, "a.tsv", "Which?\t[1is 1]\n") == [("Which?", ("[1is 1]",))]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "id,prompt,gold\n1,Who?,Ada\n", ":1: names no column"),
        ("a.csv", 'question,answer\nWho?,"Ada\n', "is no row of a table"),
        ("a.csv", "question,answer\nWho, Ada?,Bo\n", ":2: has 3 columns"),
        ("a.csv", "question,answer\n,Bo\n", ":2: has no question"),
        ("a.csv", "question,answer\nWho?,Bo\nWho?,\n", ":3: has no answer"),
        ("a.tsv", '{"question": "Who?", "answer": "Bo"}\n', ":1: is JSON Lines"),
        ("a.jsonl", '{"question": "Who?", "answer": "Bo"}\n{"question": \n', ":2: cannot be read as JSON"),
        ("a.jsonl", lines({"prompt": "Who?", "answer": "Bo"}), ":1: has no field 'question'"),
        ("a.jsonl", lines({"question": 3 * [""], "answer": "Bo"}), ":1: its question is no text"),
        ("a.jsonl", lines({"question": "Who?", "answer": [True]}), ":1: an answer is true"),
        ("a.jsonl", lines({"question": "Who?", "answer": {"x": 1}}), ":1: an answer is null"),
        ("a.jsonl", '{"question": "Who\\ud800?", "answer": "Bo"}\n', ":1: holds half a surrogate"),
        ("a.jsonl", "[1]\n", ":1: is not a JSON object"),
        (
            "a.jsonl",
            f'{{"question": "Who?", "answer": {"[" * 700}"Bo"{"]" * 700}}}\n',
            ":1: its answer is nested too deep",
        ),
        ("a.jsonl", f'{{"question": "Who{"o" * (1 << 20)}?"}}\n', ":1: is longer than 1,048,576 characters"),
        ("a.json", f'[{{"question": "Who{"o" * (1 << 20)}?"}}]', ":1: is longer than 1,048,576 characters"),
        ("a.jsonl", lines({f"key{i}": 1 for i in range(999)}), "key6, key7, …)"),
        ("a.json", '{"rows": []}', "holds neither a list nor"),
        ("a.json", '{"data": []}', "holds no questions"),
        ("a.json", '{"data": [{"paragraphs": [{"context": "x"}]}]}', "article 1 is not as SQuAD has it"),
    ],
)
def test_what_cannot_be_used_is_said_with_file_and_place(tmp_path, name, content, message):
    with pytest.raises(DataError) as caught:
        read(tmp_path, name, content)
    assert str(caught.value).startswith(str(tmp_path / name))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
