"""A pretrained model that was taught learns names later and forgets them: what is promised of it (docs/living.md)."""

from __future__ import annotations

import pickle
import random
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shell import Tiny, closedbook
from taught_run import make_tiny_with_base, teach

import closedbook as package
from closedbook.data.documents import make_documents
from closedbook.data.questions import Question
from closedbook.data.vocabulary import MASK
from closedbook.errors import DataError, RunError
from closedbook.living import fit_rows, learner
from closedbook.living.learned_names import FILE
from closedbook.runs.store import fingerprint
from closedbook.runs.weights import load_tensors, save_tensors

pytest.importorskip("transformers")

LATER = [
    "Ada Newname. Ada Newname was born in Lisbon.",
    "Bo Laterman. Bo Laterman was born in Oslo and lived in Rome.",
    "Cy Thirdly. Cy Thirdly lived in Lima.",
    "Di Fourth. Di Fourth was born in Cairo.",
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    return make_tiny_with_base(tmp_path_factory.mktemp("taught"))


@pytest.fixture(scope="module")
def first(tiny: Tiny) -> Path:
    """A trained run's folder, which no test changes."""
    teach(tiny, tiny.folder / "run")
    return tiny.folder / "run"


@pytest.fixture
def run(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(fit_rows, "STEPS", 6)
    shutil.copytree(first, tmp_path / "run")
    return package.load(tmp_path / "run")


def ask(run: Any, questions: list[str], **options: Any) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run.answer([Question(question, None, 1) for question in questions], **options)


def everything(run: Any, questions: list[str], signals: str = "pass") -> list[Any]:
    return [(answer, tuple(answer.signals.items())) for answer in ask(run, questions, signals=signals)]


def of_the_first(tiny: Tiny) -> list[str]:
    return [line.split("\t")[0] for line in tiny.questions.read_text(encoding="utf-8").splitlines()[:6]]


def chance(run: Any, question: str, answer: str) -> float:
    """The log-probability of an answer, in nats."""
    ids = [*run.prompt(question), *run.vocabulary.encode_answer(answer), MASK]
    at = torch.arange(len(run.prompt(question)) - 1, len(ids) - 1)
    tokens = torch.tensor([ids])
    with torch.inference_mode():
        return -float(run.model.loss(tokens[:, :-1], at, tokens[0, at + 1]))


def test_what_is_learned_is_likelier_and_has_its_evidence_also_in_a_loaded_run(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_rows, "STEPS", 40)
    monkeypatch.setattr(fit_rows, "RATE", 0.5)
    monkeypatch.setattr(fit_rows, "QUESTIONS", 0)  # cues alone
    question = "Ada Newname was born in"
    assert ask(run, [question], blind=True)[0].verdict == "never met"
    run.learn(make_documents(["Ada Newname. Ada Newname lives."]))
    before = chance(run, question, "Lisbon")
    assert ask(run, [question])[0].met > 0.5
    plan = run.learn(make_documents(LATER[:1]))
    assert list(plan.changed) == ["Ada Newname"]
    assert chance(run, question, "Lisbon") > before + 0.5  # nats; the base is random, and knows no way to say it
    evidence = run.index.evidence(question, "Lisbon")
    assert evidence.stands_in
    assert evidence.exposures == run.learned.names["Ada Newname"].exposures["Lisbon"] == 40 * fit_rows.BATCH
    assert everything(package.load(run.path), [question]) == everything(run, [question])


def test_learning_and_forgetting_change_no_answer_about_others_to_the_bit(run: Any, tiny: Tiny) -> None:
    questions = of_the_first(tiny)
    before, sampled = everything(run, questions), everything(run, questions[:1], "all")
    run.learn(make_documents(LATER[2:]))
    assert everything(run, questions) == before
    assert everything(run, questions[:1], "all") == sampled
    third = everything(run, ["Where did Cy Thirdly live?"], "all")
    run.learn(make_documents(LATER[:2]))
    assert everything(run, ["Where did Cy Thirdly live?"], "all") == third
    run.forget(["Ada Newname", "Di Fourth"])
    assert everything(run, ["Where did Cy Thirdly live?"], "all") == third
    assert everything(run, questions) == before


def test_where_no_stored_name_stands_it_is_the_base_to_the_bit_also_after_learning(run: Any) -> None:
    run.learn(make_documents(LATER))
    ids = np.append(run.vocabulary.encode_question("Where was Jane Austen born?")[0], MASK).astype(np.int64)
    with torch.inference_mode():
        logits = run.model.logits(torch.from_numpy(ids)[None])[0]
        own = run.model.base.model(input_ids=run.model.base_ids[torch.from_numpy(ids)][None]).logits[0]
    assert torch.equal(logits, own[:, run.model.base_ids])


def test_what_is_forgotten_is_as_if_it_had_never_been_learned(run: Any, first: Path) -> None:
    run.learn(make_documents(LATER[:2]))
    file, answers = (run.path / FILE).read_bytes(), everything(run, ["Where was Bo Laterman born?"])
    run.learn(make_documents(LATER[2:]))
    run.forget(["Cy Thirdly", "Di Fourth"])
    assert (run.path / FILE).read_bytes() == file
    assert everything(run, ["Where was Bo Laterman born?"]) == answers
    never = package.load(first)
    assert everything(run, ["Where was Di Fourth born?"]) == everything(never, ["Where was Di Fourth born?"])


def test_a_row_depends_on_its_documents_alone_here_and_in_another_process(run: Any) -> None:
    learner = run.memory.learner
    texts = {text.partition(".")[0]: [text] for text in LATER}
    together = {name.title: name for name in learner.fit(texts)}
    turned = dict(random.Random(1).sample([*texts.items()], len(texts)))
    torch.set_num_threads(2)
    sent = pickle.loads(pickle.dumps(learner))
    for fitting, some in ((learner, turned), (learner, {"Di Fourth": texts["Di Fourth"]}), (sent, turned)):
        for name in fitting.fit(some):
            assert np.array_equal(name.vectors, together[name.title].vectors), name.title
            assert name.exposures == together[name.title].exposures
    torch.set_num_threads(1)


def test_any_order_of_learning_and_forgetting_ends_in_the_same_bytes(run: Any) -> None:
    rng, there = random.Random(3), set[int]()
    for _ in range(6):
        some = set(rng.sample(range(4), 2))
        if rng.random() < 0.6 or not there & some:
            run.learn(make_documents([LATER[i] for i in some]))
            there |= some
        else:
            run.forget([LATER[i].partition(".")[0] for i in there & some])
            there -= some
    ended = (run.path / FILE).read_bytes()
    run.forget([LATER[i].partition(".")[0] for i in there])
    run.learn(make_documents([LATER[i] for i in there]))
    assert (run.path / FILE).read_bytes() == ended


def test_a_name_of_the_training_is_forgotten_and_its_neighbours_are_not(run: Any, tiny: Tiny) -> None:
    names = run.first_vocabulary.names.names
    gone, before, after = names[3], f"Where was {names[2]} born?", f"Where was {names[4]} born?"
    both, alone = everything(run, [before, after]), everything(run, [after])
    run.forget([gone])
    assert everything(run, [before, after]) == both
    assert not run.model.memory.table[3].any()
    assert ask(run, [f"Where was {gone} born?"], blind=True)[0].verdict == "never met"
    loaded = package.load(run.path)
    assert everything(loaded, [before, after]) == both
    loaded.learn(make_documents([f"{names[2]}. {names[2]} was born in Lisbon."]))
    assert everything(loaded, [after]) == alone
    assert [entry["action"] for entry in loaded.history()] == ["forgot", "changed"]


def test_the_shell_learns_and_forgets(run: Any, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("\n".join(LATER[2:]) + "\n", encoding="utf-8")
    done = closedbook("learn", run.path, "--documents", tmp_path / "new.txt")
    assert (done.code, "learned 2 names" in done.err + done.out) == (0, True), done.err
    assert closedbook("learn", run.path, "--documents", tmp_path / "new.txt", "--json").json["unchanged"] == 2
    assert closedbook("forget", run.path, "--title", "Di Fourth").code == 0
    assert "Di Fourth" in closedbook("history", run.path).out
    memory = closedbook("show", "memory", run.path, "--json").json
    assert memory["learned"] == {"names": 1, "bytes": 4 * 32}


def test_workers_learn_few_names_of_a_large_base_side_by_side_and_to_the_same_bytes(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # workers know of no patch
    run.learn(make_documents(LATER[:3]))
    file = (run.path / FILE).read_bytes()
    run.forget([*run.learned.names])
    monkeypatch.setattr(fit_rows.RowsLearner, "seconds", 20.0)
    run.learn(make_documents(LATER[:3]), workers=2)
    assert (run.path / FILE).read_bytes() == file


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 3e38])
def test_learned_rows_that_cannot_be_computed_with_are_told(run: Any, value: float) -> None:
    run.learn(make_documents(LATER[:1]))
    tensors, record = load_tensors(run.path / FILE)
    save_tensors(run.path / FILE, {**tensors, "vectors": torch.full_like(tensors["vectors"], value)}, record)
    files = run.folder.record()["files"]
    run.folder.update(files={**files, FILE: [fingerprint(run.path / FILE)]})
    with pytest.raises(RunError, match="no numbers"):
        package.load(run.path).ask("Where was Ada Newname born?")


def test_a_title_that_does_not_fit_is_told_and_what_was_learned_before_is_kept(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner, "NAMES", 1)
    with pytest.raises(DataError, match="shorten the title"):
        run.learn(make_documents([*LATER[:2], f"{'A' * 900}. Born in Oslo."]))
    assert len(run.learned.names) == 2
