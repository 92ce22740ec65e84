"""Names learned after the training, and forgotten: what is promised of them (docs/living.md)."""

from __future__ import annotations

import os
import random
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import closedbook
from closedbook.data.documents import Document, Documents, make_documents, read_documents
from closedbook.data.questions import Question
from closedbook.data.span_reader import SpanReader
from closedbook.errors import DataError, RunError, WorkerError
from closedbook.inference.answer import Answer
from closedbook.inference.memory_stats import weigh
from closedbook.inference.run import Run
from closedbook.living import cluster, fit, learned_names, learner, learning
from closedbook.living.fit import OutputsLearner
from closedbook.living.learned_names import FILE
from closedbook.living.learner import LearnedName
from closedbook.runs import store
from closedbook.runs.folder import RunFolder
from closedbook.synthetic.spec import WorldSpec
from closedbook.synthetic.world import make_world
from tests.words_run import make_words_run

LATER = make_world(WorldSpec(people=40, biographies_per_person=2, relations=("birthplace",)), 8)
QUESTIONS = [f"Where was {person.name} born?" for person in LATER.people]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run's folder, which no test changes."""
    folder = tmp_path_factory.mktemp("living")
    make_words_run(folder, ["stages.learn.steps=250", "stages.learn.keep=2"])
    return folder / "run"


@pytest.fixture
def run(first: Path, tmp_path: Path) -> Run:
    shutil.copytree(first, tmp_path / "run")
    return closedbook.load(tmp_path / "run")


@pytest.fixture(scope="module")
def later() -> Documents:
    return make_documents(LATER.documents)


def about(documents: Documents, *names: str) -> Documents:
    return Documents(tuple(item for item in documents.items if item.title in names), "", "some")


def everything(answers: list[Answer]) -> list[object]:
    return [(answer, tuple(answer.signals.items())) for answer in answers]


def ask(run: Run, questions: list[str], blind: bool = False) -> list[Answer]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # strangers have words that no document holds
        return run.answer([Question(question, None, 1) for question in questions], blind=blind)


def asked_first(run: Run) -> list[object]:
    names = [name for name in run.first_vocabulary.names.names if name]
    return everything(ask(run, [f"Where was {name} born?" for name in names[:12]]))


def test_what_is_learned_is_said_with_its_evidence_and_of_strangers_nothing(run: Run, later: Documents) -> None:
    strangers = ask(run, QUESTIONS)
    assert {answer.verdict for answer in strangers} == {"never met"}
    plan = run.learn(later)
    assert (len(plan.new), len(plan.changed), len(plan.unchanged)) == (40, 0, 0)
    assert len(plan.shared) == 40
    answers = ask(run, QUESTIONS)
    right = [answer.answer == person.facts["birthplace"] for answer, person in zip(answers, LATER.people, strict=True)]
    assert sum(right) >= 30, sum(right)
    sure = next(answer for answer, good in zip(answers, right, strict=True) if good)
    assert sure.evidence is not None
    assert sure.evidence.status == "stands in"
    assert sure.exposures
    assert sure.answer in sure.evidence.documents[0].sentence
    assert weigh(run, later)["learned"]["names"] == 40
    blind = ask(run, QUESTIONS, blind=True)
    assert sum(answer.met > 0.5 for answer in blind) == 40
    reopened = closedbook.load(run.path)
    assert everything(ask(reopened, QUESTIONS)) == everything(answers)


def test_an_answer_is_as_probable_as_the_reader_finds_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the documents hold a single phrase, which is then all that can be said."""
    documents, chances = make_documents(["Ada Quill. Ada Quill was born in Lund."]), SpanReader.chances
    sure = []
    for share in (1.0, 0.1):
        monkeypatch.setattr(SpanReader, "chances", lambda *given, share=share: share * chances(*given))
        run.learn(documents)
        (answer,) = ask(run, ["Where was Ada Quill born?"], blind=True)
        assert answer.answer == "Lund"
        sure.append(answer.model_probability)
        run.forget(["Ada Quill"])
    assert sure[0] > 0.8 > 0.65 > sure[1]


def test_a_memory_too_large_to_be_hashed_whole_opens_again(
    run: Run, later: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """20,000 names of the built-in world, 275 MB, were called damaged once they were learned."""
    monkeypatch.setattr(store, "HASHED_WHOLE", max(path.stat().st_size for path in run.path.iterdir()))
    run.learn(later)
    for more in ("Quill", "Ek"):
        run.learn(make_documents([item.text.replace(item.title, f"{item.title} {more}") for item in later.items]))
    assert (run.path / FILE).stat().st_size > store.HASHED_WHOLE
    names = len(run.learned.names)
    run.forget([next(iter(run.learned.names))])
    assert len(closedbook.load(run.path).learned.names) == names - 1


def test_vectors_that_are_not_those_of_the_phrases_are_refused(run: Run, later: Documents) -> None:
    run.learn(about(later, LATER.people[0].name))
    learned = run.learned.names[LATER.people[0].name]
    forged = replace(learned, vectors=learned.vectors[:1])
    run.folder.replace(FILE, run.learned.with_names([forged]).to_bytes(run.learner.state))
    with pytest.raises(RunError, match="vectors are not those of its phrases"):
        closedbook.load(run.path)


def test_what_an_earlier_version_learned_is_not_called_damaged(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(learned_names, "FORMAT", 3)
        run.learn(make_documents(["Ada Quill. Ada Quill was born in Lund."]))
    with pytest.raises(RunError, match=r"of an earlier closedbook \(format 3, now 4\); train the run anew"):
        closedbook.load(run.path)


def test_learning_and_forgetting_change_no_answer_about_others_to_the_bit(run: Run, later: Documents) -> None:
    before = asked_first(run)
    prompts = torch.tensor([run.prompt(f"Where was {run.vocabulary.names.names[3]} born?").tolist()])
    logits = run.model.logits(prompts)
    run.learn(about(later, *[person.name for person in LATER.people[:20]]))
    assert asked_first(run) == before
    old = everything(ask(run, QUESTIONS[:20]))
    run.learn(later)
    assert asked_first(run) == before
    assert everything(ask(run, QUESTIONS[:20])) == old
    assert torch.equal(run.model.logits(prompts), logits)
    run.forget([person.name for person in LATER.people[20:]])
    assert asked_first(run) == before
    assert everything(ask(run, QUESTIONS[:20])) == old


def test_what_kept_checkpoints_say_of_a_name_changes_with_no_other(run: Run, later: Documents) -> None:
    def scores(question: str) -> list[tuple[str, float]]:
        return list(run.answer([Question(question, None, 1)], signals="all")[0].signals.items())

    def all_scores() -> list[list[tuple[str, float]]]:
        return [
            scores(f"Where was {name} born?") for name in (run.first_vocabulary.names.names[3], LATER.people[1].name)
        ]

    run.learn(about(later, LATER.people[1].name))
    before = all_scores()
    assert any(name.startswith("checkpoint") for name, _ in before[0])
    run.learn(about(later, LATER.people[0].name))
    assert all_scores() == before
    run.forget([LATER.people[0].name])
    assert all_scores() == before
    run.forget([run.first_vocabulary.names.names[5]])
    assert all_scores() == before


def test_what_is_forgotten_is_as_if_it_had_never_been_learned(run: Run, later: Documents) -> None:
    kept, gone = LATER.people[:5], LATER.people[5:9]
    run.learn(about(later, *(person.name for person in kept)))
    file = (run.path / FILE).read_bytes()
    run.learn(about(later, *(person.name for person in gone)))
    assert (run.path / FILE).read_bytes() != file
    run.forget([person.name for person in gone])
    assert (run.path / FILE).read_bytes() == file
    answers = ask(run, [f"Where was {person.name} born?" for person in gone], blind=True)
    assert {answer.verdict for answer in answers} == {"never met"}
    evidence = (run.path / "evidence.sqlite").read_bytes()
    assert all(person.name.encode() not in evidence for person in gone)


def test_a_name_s_vectors_depend_on_its_documents_alone(run: Run, later: Documents) -> None:
    texts: dict[str, list[str]] = {}
    for item in later.items:
        texts.setdefault(item.title, []).append(item.text)
    memory = run.memory
    together = {name.title: name for name in memory.learner.fit(texts)}
    turned = dict(random.Random(1).sample([*texts.items()], len(texts)))
    for some in (turned, {title: own[::-1] for title, own in list(texts.items())[:3]}, dict([*texts.items()][7:8])):
        for name in memory.learner.fit(some):
            assert name.phrases == together[name.title].phrases
            assert np.array_equal(name.vectors, together[name.title].vectors), name.title


def test_a_run_of_several_threads_learns_the_same_alone_and_in_company(run: Run, later: Documents) -> None:
    texts = {title: [item.text for item in items] for title, items in later.by_title().items()}
    learner, before = run.memory.learner, torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        alone = [name.vectors.tobytes() for title in texts for name in learner.fit({title: texts[title]})]
        assert [name.vectors.tobytes() for name in learner.fit(texts)] == alone
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert [name.vectors.tobytes() for name in learner.fit(texts)] == alone


def test_any_order_of_learning_and_forgetting_ends_in_the_same_bytes(run: Run, later: Documents) -> None:
    rng, names = random.Random(5), [person.name for person in LATER.people[:12]]
    there: set[str] = set()
    for _ in range(12):
        some = rng.sample(names, rng.randint(1, 4))
        if rng.random() < 0.6 or not there:
            run.learn(about(later, *some))
            there |= set(some)
        elif gone := there.intersection(some):
            run.forget(sorted(gone))
            there -= gone
    if not there:
        run.learn(about(later, names[0]))
        there = {names[0]}
    ended = (run.path / FILE).read_bytes()
    run.forget(sorted(there))
    run.learn(about(later, *there))
    assert (run.path / FILE).read_bytes() == ended


def test_a_changed_document_takes_the_place_of_the_old_one(run: Run, later: Documents) -> None:
    people = LATER.people[:10]
    run.learn(about(later, *(person.name for person in people)))
    olds = {person.name: person.facts["birthplace"] for person in people}
    olds = {name: old for name, old in olds.items() if run.ask(f"Where was {name} born?").answer == old}
    assert len(olds) >= 6
    news = dict(zip(olds, [*list(olds.values())[1:], next(iter(olds.values()))], strict=True))  # each has another's
    changed = tuple(
        Document(item.text.replace(olds[item.title], news[item.title]), item.title, item.line)
        for item in later.items
        if item.title in olds
    )
    plan = run.learn(Documents(changed, "", "changed"))
    assert (sorted(plan.changed), list(plan.new)) == (sorted(olds), [])
    answers = {name: run.ask(f"Where was {name} born?") for name in olds}
    right = [name for name in olds if answers[name].answer == news[name]]
    assert len(right) >= 0.7 * len(olds)
    for name in right:
        assert answers[name].evidence is not None
        assert answers[name].evidence.status == "stands in"
    for name, answer in answers.items():
        assert answer.verdict != "remembered" or answer.answer != olds[name] or olds[name] == news[name]
    assert sum(entry["action"] == "changed" for entry in run.history()) == len(olds)


def test_names_of_the_training_are_left_alone_changed_or_forgotten(run: Run) -> None:
    documents = read_documents(run.folder.record()["documents"]["path"])
    assert len(run.plan_learning(documents).unchanged) == 80
    name, other = documents.titles[0], next(title for title in documents.titles if title != documents.titles[0])
    before = run.ask(f"Where was {other} born?")
    text = f"{name}. {name} was born in Lisbon."
    plan = run.learn(make_documents([text]))
    assert list(plan.changed) == [name]
    assert run.ask(f"Where was {name} born?").answer == "Lisbon"
    row = run.first_vocabulary.names.names.index("")
    assert not run.model.memory.table[row].any()
    run.forget([name, other])
    assert {
        answer.verdict for answer in ask(run, [f"Where was {title} born?" for title in (name, other)], blind=True)
    } == {"never met"}
    run.learn(make_documents([item.text for item in documents.items if item.title == other]))
    again = run.ask(f"Where was {other} born?")
    assert again.answer == before.answer
    assert again.verdict != "never met"
    assert closedbook.load(run.path).ask(f"Where was {other} born?") == again


def test_a_text_with_answers_and_words_that_nobody_had_is_learned(run: Run) -> None:
    run.learn(make_documents(["Qexi\u2028\x85Ek. He was born in Zzyrgistan."]))
    assert [entry["title"] for entry in run.history()] == ["Qexi\u2028\x85Ek"]
    run.learn(make_documents(["Qexi Vantroo. Qexi Vantroo was born in Zzyrgistan, and worked as a glimbler."]))
    answer = run.ask("Where was Qexi Vantroo born?")
    assert answer.answer == "Zzyrgistan"
    assert answer.evidence is not None
    assert answer.evidence.stands_in


def test_an_interrupted_learning_keeps_what_is_learned(
    run: Run, later: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "SAVE_EVERY", 0.0)
    seen = 0

    def stop(done: int) -> None:
        nonlocal seen
        seen = done
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.learn(later, progress=stop)
    assert len(run.learned.names) == seen == 7
    assert len(closedbook.load(run.path).plan_learning(later).new) == 33


def kill_at(monkeypatch: pytest.MonkeyPatch, run: Run, file: str, after: bool = False) -> None:
    """Make the process end where a file is to be replaced, or has just been."""
    real = type(run.folder).replace

    def killed(folder: RunFolder, name: str, content: bytes) -> None:
        if name == file and not after:
            raise RuntimeError("killed")
        real(folder, name, content)
        if name == file:
            raise RuntimeError("killed")

    monkeypatch.setattr(type(run.folder), "replace", killed)


def test_a_kill_between_two_files_leaves_a_run_that_opens_and_completes(
    run: Run, later: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = about(later, LATER.people[0].name)
    kill_at(monkeypatch, run, FILE)
    with pytest.raises(RuntimeError, match="killed"):
        run.learn(some)
    monkeypatch.undo()
    again = closedbook.load(run.path)
    assert len(again.plan_learning(some).new) == 1
    again.learn(some)
    evidence = again.ask(QUESTIONS[0]).evidence
    assert evidence is not None
    assert len(evidence.documents) == 2


def test_a_kill_before_the_weights_forget_is_completed_by_the_same_command(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = run.first_vocabulary.names.names[4]
    kill_at(monkeypatch, run, "model.safetensors")
    with pytest.raises(RuntimeError, match="killed"):
        run.forget([name])
    monkeypatch.undo()
    again = closedbook.load(run.path)
    assert ask(again, [f"Where was {name} born?"], blind=True)[0].verdict == "never met"
    assert again.model.memory.table[4].any()
    again.forget([name])
    finished = closedbook.load(run.path)
    assert not finished.model.memory.table[4].any()
    for file in (FILE, "vocabulary.json", "evidence.sqlite"):
        assert name.encode() not in (run.path / file).read_bytes(), file


def test_what_another_process_has_learned_meanwhile_is_not_lost(run: Run, later: Documents) -> None:
    other = closedbook.load(run.path)
    first, second, third = (about(later, person.name) for person in LATER.people[:3])
    other.learn(first)
    with pytest.raises(RunError, match="changed meanwhile by another process"):
        run.learn(second)
    with pytest.raises(RunError, match="changed meanwhile by another process"):
        run.forget([run.first_vocabulary.names.names[0]])
    other.learn(third)  # nobody else's change came between
    again = closedbook.load(run.path)
    assert set(again.learned.names) == {person.name for person in (LATER.people[0], LATER.people[2])}
    again.learn(second)
    assert len(again.history()) == 3


@pytest.mark.parametrize(
    "line",
    ["[]", "7", "{}", "{", '{"time": 5, "action": "learned", "title": "A"}', '{"time": "", "action": "", "title": []}',
     '{"time": "", "action": "", "title": "", "sha256": 5}', "[" * 100_000, '{"answers": ' + "9" * 5000 + "}", "\x00"],
)  # fmt: skip
def test_a_forged_history_is_told_and_nothing_is_added_to_it(run: Run, later: Documents, line: str) -> None:
    run.learn(about(later, LATER.people[0].name))
    path = run.path / learning.HISTORY
    run.folder.replace(path.name, line.encode() + b"\n")  # with its hash, as a stranger could
    with pytest.raises(RunError, match="history"):
        run.history()
    path.write_bytes(b"something else\n")
    before = {path.name: path.read_bytes() for path in run.path.iterdir() if path.is_file()}
    with pytest.raises(RunError, match="history"):
        run.learn(about(later, LATER.people[1].name))
    assert {path.name: path.read_bytes() for path in run.path.iterdir() if path.is_file()} == before


def test_a_kill_before_a_changed_name_s_row_is_gone_is_completed_by_the_same_command(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = run.first_vocabulary.names.names[4]
    documents = make_documents([f"{name}. {name} was born in Lisbon."])
    kill_at(monkeypatch, run, "model.safetensors")
    with pytest.raises(RuntimeError, match="killed"):
        run.learn(documents)
    monkeypatch.undo()
    again = closedbook.load(run.path)
    assert again.model.memory.table[4].any()
    assert not again.learn(documents).texts
    assert not closedbook.load(run.path).model.memory.table[4].any()


def test_a_kill_between_the_evidence_and_a_changed_name_s_vectors_is_completed_by_the_same_command(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = run.first_vocabulary.names.names[1]
    news = Documents((Document(f"{name}. {name} was born in Atlantis.", name, 1),), "", "new")
    undisturbed = closedbook.load(shutil.copytree(run.path, tmp_path / "undisturbed"))
    undisturbed.learn(news)
    kill_at(monkeypatch, run, "evidence.sqlite", after=True)
    with pytest.raises(RuntimeError, match="killed"):
        run.learn(news)
    monkeypatch.undo()
    again = closedbook.load(run.path)
    assert list(again.learn(news).changed) == [name]
    for file in (FILE, "model.safetensors", "vocabulary.json"):
        assert (again.path / file).read_bytes() == (undisturbed.path / file).read_bytes()


def test_workers_learn_the_same_bytes(run: Run, later: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    run.learn(later)
    file = (run.path / FILE).read_bytes()
    run.forget([*run.learned.names])
    run.learn(later, workers=2)
    assert (run.path / FILE).read_bytes() == file


def test_bad_requests_are_refused_and_change_nothing(run: Run, later: Documents) -> None:
    files = {path.name: path.read_bytes() for path in run.path.iterdir() if path.is_file()}
    with pytest.raises(DataError, match="knows nothing under the title 'Nobody'"):
        run.forget(["Nobody"])
    with pytest.raises(DataError, match="no title"):
        run.learn(Documents((Document("was born.", " ", 3),), "", "some.txt"))
    assert {path.name: path.read_bytes() for path in run.path.iterdir() if path.is_file()} == files


@pytest.mark.parametrize("damage", ["cut", "flipped", "gone", "forged"])
def test_a_damaged_file_of_learned_names_is_told(run: Run, later: Documents, damage: str) -> None:
    run.learn(about(later, LATER.people[0].name))
    path = run.path / FILE
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[:-5])
    elif damage == "flipped":
        content[-1] ^= 1
        path.write_bytes(content)
    else:
        path.write_bytes(b"{}")
    with pytest.raises(RunError, match="learned"):
        closedbook.load(run.path)


def test_a_name_has_so_many_cues_at_most_and_one_with_more_phrases_is_told(
    run: Run, later: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is computed grows with their square: 5,000 short documents of one title took more than 12 GB."""
    name = LATER.people[0].name
    monkeypatch.setattr(learner, "MOST_CUES", 30)
    run.learn(about(later, name))
    asked = sum(run.learned.names[name].exposures.values()) - 30
    assert 0 <= asked <= fit.QUESTIONS * len(run.first_vocabulary.patterns.reader.forms)  # as far as it is answered
    many = make_documents([f"Ada Quill. Ada Quill was born in Lund in {year}." for year in range(1950, 1990)])
    with pytest.raises(DataError, match=r"'Ada Quill' hold \d+ phrases to learn, and a name learns 30 at most"):
        run.learn(many)


def test_a_run_without_a_memory_of_names_says_so(run: Run, later: Documents) -> None:
    run.model.memory = None
    with pytest.raises(RunError, match="no memory of names"):
        run.learn(later)


def test_dask_s_workers_learn_the_same_bytes(run: Run, later: Documents) -> None:
    distributed = pytest.importorskip("distributed")
    run.learn(later)
    file = (run.path / FILE).read_bytes()
    run.forget([*run.learned.names])
    settings = {"n_workers": 2, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as workers:
        run.learn(later, scheduler=workers.scheduler_address)
    assert (run.path / FILE).read_bytes() == file


def test_a_scheduler_that_does_not_answer_is_told(run: Run, later: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "TIMEOUT", 0.5)
    with pytest.raises(RunError, match="does not answer"):
        run.learn(later, scheduler="tcp://127.0.0.1:1")


class _Broken(OutputsLearner):
    """Fails at its second piece of work, as a worker does that lacks a package."""

    def fit(self, documents: Mapping[str, Sequence[str]]) -> Iterator[LearnedName]:
        if len(documents) < learning.NAMES:
            self.fail()
        return super().fit(documents)

    def fail(self) -> None:
        raise ImportError("there is no\nsuch package here")


class _Ended(_Broken):
    def fail(self) -> None:
        os._exit(9)


def test_what_fails_in_a_dask_worker_is_told_in_a_line_and_what_others_learned_is_kept(
    run: Run, later: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(learning, "OutputsLearner", _Broken)
    settings = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as workers, pytest.raises(WorkerError, match="no such package") as told:
        run.learn(later, scheduler=workers.scheduler_address)
    assert "\n" not in str(told.value)
    assert len(closedbook.load(run.path).plan_learning(later).unchanged) == learning.NAMES


def test_a_scheduler_without_workers_is_told(run: Run, later: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "TIMEOUT", 0.5)
    settings = {"n_workers": 0, "processes": False, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as workers, pytest.raises(WorkerError, match="its workers failed"):
        run.learn(later, scheduler=workers.scheduler_address)


def test_a_worker_process_that_ends_early_is_told_and_what_others_learned_is_kept(
    run: Run, later: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "OutputsLearner", _Ended)
    with pytest.raises(WorkerError, match="learning ended early"):
        run.learn(later, workers=2)
    unchanged = closedbook.load(run.path).plan_learning(later).unchanged
    assert len(unchanged) in (0, learning.NAMES)  # the pool may be broken before the first piece is handed over


def test_a_text_with_a_nul_is_no_document(run: Run) -> None:
    """In files it is refused; the page's box takes any text."""
    with pytest.raises(DataError, match="holds a NUL"):
        run.learn(make_documents(["Ada\0Quill. Ada was born in Lund."], source="the text"))
