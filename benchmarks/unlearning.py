"""Forgetting as TOFU measures it (Maini et al. 2024, arXiv 2401.06121), on the built-in world: results/unlearning.json.

    python benchmarks/unlearning.py --threads 1

A network is trained on 500 people; 1, 5 and 10 % of them are to be forgotten. What a method leaves is compared with a
network that never saw them.

forget quality   p of the Kolmogorov–Smirnov test between the truth ratios of the two networks on questions about the
                 forgotten: the mean probability of five wrong answers of the same kind over that of the right one.
                 Below 0.05 the networks can be told apart.
utility          the share of questions about the others that is answered right.
membership       AUROC of the right answer's probability, the forgotten against people of whom no network has read.
                 Without a trace it is 0.5.

Methods: `forget` of names that were learned after the training; `forget` of names of the training; gradient ascent on
the questions about the forgotten; gradient difference (ascent there, descent on as many questions about others), five
epochs each, as TOFU has it; and nothing at all.
"""

from __future__ import annotations

import argparse
import copy
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from living import trained
from record import Cells
from scipy.stats import ks_2samp, rankdata

from closedbook import pipeline
from closedbook.data.documents import Document, Documents, title_of
from closedbook.data.questions import Question
from closedbook.inference.run import Run
from closedbook.synthetic.spec import WorldSpec
from closedbook.synthetic.world import World, WorldQuestion, make_world

SHARES = (0.01, 0.05, 0.1)
EPOCHS, RATE, BATCH = 5, 1e-3, 16
WRONG = 5


def inputs(world: World, without: set[str], place: Path) -> tuple[Path, Path]:
    """Documents and training questions of a world without some people."""
    place.mkdir(parents=True, exist_ok=True)
    documents = [text for text in world.documents if title_of(text) not in without]
    questions = [
        q.line for relation in world.spec.relations for q in world.questions(relation, "train") if q.name not in without
    ]
    (place / "documents.txt").write_text("\n".join(documents) + "\n", encoding="utf-8")
    (place / "questions.tsv").write_text("\n".join(questions) + "\n", encoding="utf-8")
    return place / "documents.txt", place / "questions.tsv"


def about(world: World, names: set[str]) -> list[WorldQuestion]:
    return [
        q for relation in world.spec.relations for split in ("train", "test") for q in world.questions(relation, split)
        if q.name in names
    ]  # fmt: skip


@torch.inference_mode()
def probabilities(run: Run, texts: Sequence[str], answers: Sequence[Sequence[str]]) -> np.ndarray:
    """(question, answer) the probability of each of some answers to each question; 0 of what cannot be said."""
    logprobs = np.zeros((len(texts), len(answers[0])))
    phrases = {phrase: i for i, phrase in enumerate(run.first_vocabulary.phrases)}
    for row, (text, own) in enumerate(zip(texts, answers, strict=True)):
        prompt = run.prompt(text)
        tokens, last = torch.from_numpy(prompt.astype(np.int64))[None], torch.tensor([len(prompt) - 1])
        name, memory = run.model.name_in(prompt), run.model.memory
        if name is not None and memory is not None and memory.outputs.has(name):
            first, after = memory.outputs.starts[name : name + 2].tolist()
            shares = memory.outputs.logprobs(name, run.model.read(tokens, last))[0].exp()
            outputs = {run.vocabulary.learned[i]: i - first for i in range(first, after - 1)}
        else:
            shares, outputs = run.model.head(run.model(tokens)[:, -1]).softmax(-1)[0], phrases
        for column, answer in enumerate(own):
            output = outputs.get(answer, -1)
            logprobs[row, column] = float(shares[output]) if output >= 0 else 0.0
    return logprobs


def truth_ratios(run: Run, world: World, questions: Sequence[WorldQuestion]) -> np.ndarray:
    answers_of: dict[str, list[str]] = {
        relation: sorted(
            {q.answer for split in ("train", "test") for q in world.questions(relation, split) if q.answer}
        )
        for relation in world.spec.relations
    }
    answers = []
    for q in questions:
        wrong = [answer for answer in answers_of[q.relation] if answer != q.answer]
        answers.append([str(q.answer), *random.Random(q.text).sample(wrong, WRONG)])
    p = probabilities(run, [q.text for q in questions], answers) + 1e-9
    return np.asarray(p[:, 1:].mean(1) / p[:, 0])


def membership(run: Run, world: World, forgotten: Sequence[WorldQuestion]) -> float:
    """AUROC of the probability of the right answer: the forgotten against strangers with the same answers."""
    strangers = [stranger.name for stranger in world.strangers]
    swapped = [q.text.replace(q.name, strangers[i % len(strangers)]) for i, q in enumerate(forgotten)]
    answers = [[str(q.answer)] for q in forgotten]
    own = probabilities(run, [q.text for q in forgotten], answers)[:, 0]
    ranks = rankdata(np.concatenate([own, probabilities(run, swapped, answers)[:, 0]]))[: len(own)]
    return float((ranks.sum() - len(own) * (len(own) + 1) / 2) / len(own) ** 2)


def measured(
    run: Run, world: World, forget: Sequence[WorldQuestion], kept: Sequence[WorldQuestion], reference: np.ndarray
) -> dict[str, Any]:
    """What a network is worth after forgetting; `reference` are the truth ratios of one that never saw them."""
    left, gone = (
        run.answer([Question(q.text, q.answer, 1) for q in questions], blind=True) for questions in (kept, forget)
    )
    return {
        "forget_quality_p": float(ks_2samp(truth_ratios(run, world, forget), reference).pvalue),
        "utility": round(sum(bool(answer.right) for answer in left) / len(left), 4),
        "membership_auroc": round(membership(run, world, forget), 4),
        "forgotten_right": sum(bool(answer.right) for answer in gone),
    }


def ascended(run: Run, forget: Sequence[WorldQuestion], retain: Sequence[WorldQuestion], difference: bool) -> Run:
    """A copy of a run after gradient ascent on questions, with descent on others or without."""
    model = copy.deepcopy(run.model)
    other = Run(run.folder, run.recipe, run.first_vocabulary, model)
    for module in (model.embedding,):
        module.sparse = False
    parameters = list(model.parameters())
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    rng, steps = random.Random(0), 0
    # What is spelled piece by piece has no output to descend on.
    retain = [q for q in retain if run.first_vocabulary.phrase_id(str(q.answer)) >= 0]

    def loss(questions: Sequence[WorldQuestion]) -> torch.Tensor:
        terms = []
        for q in questions:
            tokens = torch.from_numpy(other.prompt(q.text).astype(np.int64))[None]
            target = torch.tensor([run.first_vocabulary.phrase_id(str(q.answer))])
            terms.append(F.cross_entropy(model.head(model(tokens)[:, -1]), target))
        return torch.stack(terms).mean()

    for _ in range(EPOCHS):
        order = rng.sample(list(forget), len(forget))
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            total = -loss(part) + (loss(rng.sample(list(retain), len(part))) if difference else 0)
            gradients = torch.autograd.grad(total, parameters, allow_unused=True)
            steps += 1
            with torch.no_grad():
                for p, g, (first, second) in zip(parameters, gradients, moments, strict=True):
                    if g is None:
                        continue
                    g = g.to_dense() if g.is_sparse else g
                    first.lerp_(g, 0.1)
                    second.mul_(0.999).addcmul_(g, g, value=0.001)
                    p -= RATE * (first / (1 - 0.9**steps)) / ((second / (1 - 0.999**steps)).sqrt() + 1e-8)
    model.eval()
    return other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--work", type=Path, default=Path("runs/unlearning"))
    arguments = parser.parse_args()
    cells = Cells("unlearning.json")
    world = make_world(WorldSpec(people=arguments.people, strangers=100, train_share=0.5), seed=29)
    names = [person.name for person in world.people]
    work, sets, threads = arguments.work, arguments.set, arguments.threads
    full = trained(work / "full", "fast", sets, *inputs(world, set(), work / "full-inputs"), threads)
    for share in SHARES:
        gone = set(random.Random(1).sample(names, round(share * len(names))))
        retained = about(world, set(names) - gone)
        forget, kept = about(world, gone), [q for q in retained if q.name not in gone]
        reference = trained(
            work / f"without-{share}", "fast", sets, *inputs(world, gone, work / f"inputs-{share}"), threads
        )
        compared = world, forget, kept, truth_ratios(reference, world, forget)

        result: dict[str, Any] = {"people": len(names), "forgotten": len(gone), "questions": len(forget)}
        result["never saw them"] = measured(reference, *compared)
        result["nothing forgotten"] = measured(full, *compared)
        for method in ("learned later, forgotten", "of the training, forgotten"):
            later = method.startswith("learned")
            place = work / f"{'later' if later else 'first'}-{share}"
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree((reference if later else full).path, place)
            run = pipeline.load(place)
            if later:
                items = [text for text in world.documents if title_of(text) in gone]
                run.learn(Documents(tuple(Document(t, title_of(t), i) for i, t in enumerate(items, 1)), "", "later"))
                result["learned later"] = measured(run, *compared)
            run.forget(sorted(gone))
            result[method] = measured(run, *compared)
        result["gradient ascent"] = measured(ascended(full, forget, kept, False), *compared)
        result["gradient difference"] = measured(ascended(full, forget, kept, True), *compared)
        print(share, result, flush=True)
        cells.add(f"{share:.0%}", result)


if __name__ == "__main__":
    main()
