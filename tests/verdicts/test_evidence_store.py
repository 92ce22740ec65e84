"""What the index finds, what it refuses to find, and what it says when the corpus is no longer what it was."""

from __future__ import annotations

import os
import random
import sqlite3
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closedbook.config.loading import load_recipe
from closedbook.data.documents import read_documents
from closedbook.data.names import edit_distance
from closedbook.data.questions import subject
from closedbook.errors import RunError
from closedbook.evaluation.baselines import stands_in
from closedbook.objectives.question import QuestionAnswer
from closedbook.synthetic.world import WorldSpec, make_world
from closedbook.training.setup import prepare_training
from closedbook.verdicts import evidence_store
from closedbook.verdicts.evidence_store import EvidenceStore, digest_line
from closedbook.verdicts.evidence_writer import build_index
from closedbook.verdicts.exposure_counts import Counts, Fact
from closedbook.verdicts.quotes import sentences
from closedbook.verdicts.verdict import decide

LINES = [
    "Ada Berg. Ada Berg was born in Oslo. She moved to Bergen, where she met Nils Dahl .",
    "Nils Dahl. Nils Dahl (3 May 1950 – 1 June 2001) was a painter. He was born in Bergen .",
    "John Smith. John Smith was born in York and died in Leeds .",
    "John Smith. John Smith (born 1970) is a chemist from Vancouver .",
    'José Núñez. José Núñez was born in Lima. Lima was his home. He admired Ada Berg and "O\'Hara" .',
]


def indexed(folder: Path, lines: list[str], counts: Counts | None = None) -> EvidenceStore:
    corpus = folder / "documents.txt"
    corpus.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    build_index(folder / "evidence.sqlite", read_documents(corpus), counts)
    return EvidenceStore(folder / "evidence.sqlite")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> EvidenceStore:
    counts = Counts([Fact("José Núñez", "Lima", 30, 2)], {("José Núñez", "Lima"): 4}, {"Oslo": 2})
    return indexed(tmp_path_factory.mktemp("index"), LINES, counts)


def test_the_sentence_in_which_the_answer_stands_is_quoted_with_its_place(index: EvidenceStore):
    evidence = index.evidence("Where was Ada Berg born?", "Oslo")
    assert (evidence.status, evidence.name, evidence.stands_in) == ("stands in", "Ada Berg", True)
    (quote,) = evidence.documents
    assert (quote.title, quote.line) == ("Ada Berg", 1)
    assert quote.sentence == "Ada Berg was born in Oslo."
    assert quote.sentence[quote.start : quote.stop] == "Oslo"


def test_an_answer_that_is_not_there_gets_what_stands_there_instead(index: EvidenceStore):
    evidence = index.evidence("Where was Nils Dahl born?", "Oslo")
    assert (evidence.status, evidence.stands_in) == ("lacks", False)
    (quote,) = evidence.documents
    assert quote.sentence[quote.start : quote.stop] == "Bergen"
    assert index.evidence("where was nils dahl born?", "Oslo").documents == evidence.documents


def test_part_of_a_word_is_no_answer_and_nothing_stands_nowhere(index: EvidenceStore):
    assert index.evidence("Where was John Smith born?", "Van").status == "lacks"
    assert index.evidence("Where was John Smith born?", "Vancouver").status == "stands in"
    assert index.evidence("Where was John Smith born?", "").status == "lacks"


def test_several_people_of_one_name_are_all_listed(index: EvidenceStore):
    evidence = index.evidence("Where was John Smith born?", "York")
    assert [quote.line for quote in evidence.documents] == [3, 4]
    assert [quote.start is None for quote in evidence.documents] == [False, True]


def test_mentions_are_in_other_people_s_documents_and_near_names_only_where_there_is_none(index: EvidenceStore):
    evidence = index.evidence("Where was Ada Berg born?", "Oslo")
    assert [(quote.title, quote.line) for quote in evidence.mentions] == [("José Núñez", 5)]
    assert evidence.mention_count == 1
    assert evidence.near == ()
    stranger = index.evidence("Where was Ada Burg born?", "Oslo")
    assert (stranger.status, stranger.name, stranger.near[0]) == ("no document", "Ada Burg", "Ada Berg")
    assert index.evidence("Where was O'Hara born?", "Oslo").mentions[0].line == 5


def test_exposures_wordings_and_passes_belong_to_the_answer(index: EvidenceStore):
    evidence = index.evidence("Where was José Núñez born?", "Lima")
    assert (evidence.exposures, evidence.wordings, evidence.passes) == (34, 2, 17.0)
    assert index.evidence("Where was José Núñez born?", "Oslo").exposures == 0
    assert index.golds() == {"Oslo": 2}


@settings(max_examples=300)
@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_is_a_safe_question(index: EvidenceStore, question: str, answer: str):
    assert index.evidence(question, answer).status in ("stands in", "lacks", "no document")


@pytest.mark.parametrize(
    "question",
    ["", " ", "?" * 50, '"', '" OR words MATCH "', "NEAR(Ada Berg)", "Ada* Berg", "title:Ada", "'; DROP TABLE words;",
     "x " * 5000, "Ada\0Berg", "Ада Берг", "%_%", "-Ada", "Where was Ada Berg or Nils Dahl born?"],
)  # fmt: skip
def test_queries_that_could_be_code_are_text(index: EvidenceStore, question: str):
    evidence = index.evidence(question, question[:100])
    assert evidence.status in ("no document", "stands in", "lacks")
    assert index.evidence("Where was Ada Berg born?", "Oslo").stands_in


def test_a_moved_or_altered_corpus_is_noticed(tmp_path: Path):
    index = indexed(tmp_path, LINES)
    corpus = tmp_path / "documents.txt"
    whole = corpus.read_bytes()
    assert index.trouble is None
    corpus.write_bytes(whole.replace(b"born in Oslo", b"born in Rome"))
    altered = EvidenceStore(tmp_path / "evidence.sqlite")
    evidence = altered.evidence("Where was Ada Berg born?", "Rome")
    assert (evidence.status, evidence.stands_in, evidence.has_document, evidence.documents) == (
        "unread",
        None,
        True,
        (),
    )
    assert "hash" in (altered.trouble or "")
    assert altered.evidence("Where was Nils Dahl born?", "Bergen").stands_in  # lines that are what they were
    corpus.rename(tmp_path / "elsewhere.txt")
    moved = EvidenceStore(tmp_path / "evidence.sqlite")
    assert moved.evidence("Where was Ada Berg born?", "Oslo").status == "unread"
    assert "--documents" in (moved.trouble or "")
    (tmp_path / "elsewhere.txt").write_bytes(whole)
    back = EvidenceStore(tmp_path / "evidence.sqlite", tmp_path / "elsewhere.txt")
    assert back.trouble is None
    assert back.evidence("Where was Ada Berg born?", "Oslo").stands_in


def test_a_damaged_index_is_an_error_that_names_it(tmp_path: Path):
    (tmp_path / "evidence.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(RunError, match=r"evidence\.sqlite is damaged"):
        EvidenceStore(tmp_path / "evidence.sqlite")


@pytest.mark.parametrize(
    "change",
    ["documents SET start = 'x'", "documents SET length = -1", "documents SET digest = 3",
     "documents SET title = x'ff'", "facts SET exposures = 'many'", "about SET value = x'ff'",
     "about SET value = '7' WHERE key = 'format'"],
)  # fmt: skip
def test_a_forged_index_is_our_error_or_finds_nothing(change: str, tmp_path: Path):
    counts = Counts([Fact("Ada Berg", "Oslo", 30, 2)])
    indexed(tmp_path, LINES, counts).close()
    with sqlite3.connect(tmp_path / "evidence.sqlite") as connection:
        connection.execute(f"UPDATE {change}")
    connection.close()
    try:
        evidence = EvidenceStore(tmp_path / "evidence.sqlite").evidence("Where was Ada Berg born?", "Oslo")
    except RunError as error:
        evidence = None
        message = str(error)
    assert evidence.status == "no document" if evidence else "is damaged" in message


@pytest.mark.parametrize("table", ["about", "documents", "facts"])
def test_an_index_with_tables_that_compute_is_refused_unread(table: str, tmp_path: Path):
    """A view in a table's place can have rows without end."""
    indexed(tmp_path, LINES).close()
    with sqlite3.connect(tmp_path / "evidence.sqlite") as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO own")
        columns = ", ".join(row[1] for row in connection.execute("PRAGMA table_info(own)"))
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        connection.execute(f"CREATE VIEW {table} AS {endless} SELECT {columns} FROM own, n")
    connection.close()
    with pytest.raises(RunError, match=r"is damaged \(its tables are not those"):
        EvidenceStore(tmp_path / "evidence.sqlite")


def test_a_text_that_is_no_utf_8_has_nothing_to_quote(tmp_path: Path):
    indexed(tmp_path, LINES).close()
    text = b"Ada Berg. Born in \xff."
    with sqlite3.connect(tmp_path / "evidence.sqlite") as connection:
        connection.execute("INSERT INTO texts VALUES (1, ?)", (zlib.compress(text),))
        connection.execute("UPDATE documents SET length = 0, digest = ? WHERE line = 1", (digest_line(text),))
    connection.close()
    evidence = EvidenceStore(tmp_path / "evidence.sqlite").evidence("Where was Ada Berg born?", "Oslo")
    assert evidence.status == "lacks"


def test_the_documents_of_a_title_are_read_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A small file can hold many texts that expand, all under one title."""
    lines = [f"Ada Berg. She was born in Oslo. She knew {i:04}." for i in range(40)]
    index = indexed(tmp_path, lines)
    monkeypatch.setattr(evidence_store, "LONGEST_LINE", 10 * len(lines[0]))
    evidence = index.evidence("Where was Ada Berg born?", "Oslo")
    assert (evidence.status, len(evidence.documents)) == ("stands in", 10)


def test_a_corpus_with_a_name_that_no_file_has_is_told(tmp_path: Path):
    indexed(tmp_path, LINES).close()
    index = EvidenceStore(tmp_path / "evidence.sqlite", "a\0b")
    assert "no file has such a name" in (index.trouble or "")
    assert index.evidence("Where was Ada Berg born?", "Oslo").status == "unread"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_corpus_that_is_a_pipe_keeps_nobody_waiting(tmp_path: Path):
    index = indexed(tmp_path, LINES)
    index.corpus.unlink()
    os.mkfifo(index.corpus)
    assert index.evidence("Where was Ada Berg born?", "Oslo").status == "unread"
    assert "is no file" in (index.trouble or "")


def test_no_answer_absent_from_the_person_s_documents_is_ever_remembered(tmp_path: Path):
    """Places of other people, co-mentioned places, namesakes' places and nonsense, however sure the model is."""
    world = make_world(WorldSpec(people=60, biographies_per_person=2, strangers=12), 5)
    rng = random.Random(0)
    lines = list(world.documents)
    names = [person.name for person in world.people]
    for i in range(0, 60, 3):  # namesakes, and documents that mention another person beside another place
        other = world.people[rng.randrange(60)]
        lines.append(f"{names[i]}. {names[i]} met {other.name} in {rng.choice(world.candidates('birthplace'))} .")
    index = indexed(tmp_path, lines)
    documents = read_documents(tmp_path / "documents.txt").by_title()
    places = [*world.candidates("birthplace"), "York", "a", "", *names]
    absent = remembered = 0
    for _ in range(1000):
        name = rng.choice([*names, *(stranger.name for stranger in world.strangers)])
        answer = rng.choice(places)
        if name in documents and rng.random() < 0.2:
            answer = rng.choice(rng.choice(documents[name]).text.split())
        evidence = index.evidence(f"Where was {name} born?", answer)
        verdict = decide(rng.random(), rng.choice([0.0, 0.5, 0.9]), rng.choice([None, 1.0]), evidence)
        there = bool(answer) and stands_in(answer, documents.get(name, []))
        assert evidence.stands_in is there, (name, answer)
        absent += not there
        remembered += verdict.name == "remembered"
        assert there or verdict.name in ("made up", "never met")
        assert (name in documents) is (verdict.name != "never met")
    assert absent > 600
    assert remembered > 25


@pytest.mark.parametrize("recipe", ["fast", "course-vanilla", "demo"])
def test_exposures_are_those_of_the_batches(recipe: str, tmp_path: Path):
    """Counted again the slow way: every example's tokens, as the network sees them."""
    world = make_world(WorldSpec.tiny(), 1).write(tmp_path)
    steps = {"fast": ["stages.learn.steps=9"], "demo": ["stages.learn.steps=9"]}.get(
        recipe, ["stages.pretrain.epochs=3"]
    )
    setup = prepare_training(load_recipe(recipe, steps), world / "documents.txt", world / "questions-train.tsv")
    counts = Counts.of(setup.corpus, setup.samplers)
    corpus = setup.corpus
    examples = 0
    for sampler in setup.samplers:
        for objective, items, u in sampler.iter_examples():
            examples += len(items)
            shown = objective.exposed_spans(items, u)
            if isinstance(objective, QuestionAnswer):
                assert not len(shown)
                continue
            encoded = objective.examples(items, u)
            places = [set(range(a, b)) for a, b in zip(encoded.inputs.starts, encoded.inputs.starts[1:], strict=False)]
            assert len(places) == len(items)
            if corpus.vocabulary.answers_in_one:  # one target says one whole answer
                assert encoded.targets == len(shown)
                assert sorted(corpus.spans.output.take(shown).values) == sorted(encoded.labels[encoded.labels >= 0])
    assert examples == sum(len(sampler.batch(step)) for sampler in setup.samplers for step in range(sampler.steps))
    first = setup.samplers[0]
    shown = sum(len(items) for _, items, _ in first.iter_examples(5))
    assert shown == sum(len(first._drawn(step)) for step in range(5))  # a stage that was stopped early
    titles = set(corpus.documents.titles)
    assert setup.questions is not None
    assert {name for name, _ in counts.asked} == {subject(item.text, titles) for item in setup.questions.items} - {None}


def test_edit_distance_and_sentences():
    assert [edit_distance(*pair) for pair in (("", "abc"), ("abc", "abc"), ("kitten", "sitting"))] == [3, 0, 3]
    assert sentences("J. R. Berg was born. He, St. John's friend, died! Why?  Nobody knows .") == [
        "J. R. Berg was born.", "He, St. John's friend, died!", "Why?", "Nobody knows .",
    ]  # fmt: skip
