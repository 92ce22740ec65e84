"""Kinds of learning, forgetting and pretrained bases, for hostile.py."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import pickle
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from hostile_files import something_else
from hostile_runs import forge, monster, seal_run, spoil
from hostile_tries import Done, Setting, Try, attempt, kind
from shell import hashes

from closedbook.data.documents import read_documents
from closedbook.runs.weights import load_tensors, save_tensors

LIVING = ("learned.safetensors", "history.jsonl")


def say(path: Path, names: list[str], places: list[str]) -> Path:
    path.write_text("".join(f"{n}. {n} was born in {p}.\n" for n, p in zip(names, places, strict=True)))
    return path


def lived_run(setting: Setting) -> Path:
    """A copy of the run of words that has learned three names."""
    if not (ready := setting.folder / "lived").is_dir():
        shutil.copytree(setting.words, ready)
        documents = say(setting.folder / "three.txt", ["Ada Quill", "Bo Ek", "Cy Orr"], ["Lund", "Oslo", "Bonn"])
        done = attempt(Try("", ["learn", ready, "--documents", documents], megabytes=4096))
        assert done.code == 0, done.err
    return Path(shutil.copytree(ready, setting.fresh() / "run"))


def names_of(setting: Setting) -> list[str]:
    """Names of the first training."""
    assert setting.words.is_dir()
    return sorted(set(read_documents(setting.folder / "words" / "world" / "documents.txt").titles))


# Learning that is stopped --------------------------------------------------------------------------------------------


def failing(number: int, how: str) -> Callable[[], None]:
    """What a process is given before a command: its so-many-th file that is to be put on the disk meets a fate."""

    def before() -> None:
        left = number
        real = {name: getattr(os, name) for name in ("fsync", "replace")}

        def fate(name: str) -> Any:
            def call(*arguments: Any, **named: Any) -> Any:
                nonlocal left
                left -= 1
                if left == 0 and how == "killed":
                    os.kill(os.getpid(), signal.SIGKILL)
                if left == 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return real[name](*arguments, **named)

            return call

        for name in real:
            setattr(os, name, fate(name))

    return before


@kind("learning and forgetting that is killed, told to stop, or fills the disk", share=2)
def stopped_learning(setting: Setting, rng: Random) -> Iterator[Try]:
    learned = names_of(setting)
    while True:
        run = lived_run(setting)
        names = [f"Name{i} Ek" for i in range(rng.randint(1, 40))] + ["Ada Quill"] * rng.randint(0, 1)
        names += rng.sample(learned[1:], rng.randint(0, 2))
        documents = say(run.parent / "new.txt", names, [rng.choice(["Rome", "Oslo", "Tromsø"]) for _ in names])
        command: list[Any] = ["learn", run, "--documents", documents]
        if rng.random() < 0.4:
            gone = [*rng.sample(learned[1:], rng.randint(0, 2)), *rng.sample(["Ada Quill", "Bo Ek"], rng.randint(1, 2))]
            command = ["forget", run, *(word for name in gone for word in ("--title", name))]
        question = ["ask", run, f"Where was {learned[0]} born?", "--json"]
        undisturbed = Path(shutil.copytree(run, run.parent / "undisturbed"))
        whole = attempt(Try("", [command[0], undisturbed, *command[2:]], megabytes=4096))
        assert whole.code == 0, whole.err
        answers, wanted = attempt(Try("", question, megabytes=4096)).out, hashes(undisturbed)
        how = rng.choice(["killed", "full", "told to stop"])
        case = Try(f"{command[0]} {how}", command, codes=(0, 2, -9, 129, 130, 143), megabytes=4096)
        if how == "told to stop":
            number = rng.choice([signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
            case = replace(case, signals=((rng.uniform(0, 1.1 * whole.seconds), int(number)),), codes=case.codes)
        else:
            case = replace(case, before=failing(rng.randint(1, 14), how))

        def complaint(
            done: Done, run: Path = run, command: list[Any] = command, question: list[Any] = question,
            answers: str = answers, wanted: dict[str, str] = wanted,
        ) -> str | None:  # fmt: skip
            after = attempt(Try("", question, megabytes=4096))
            if after.code or after.out != answers:
                return f"another answer: {after.err.strip()[-300:]} {after.out[:300]} for {answers[:300]}"
            again = attempt(Try("", command, megabytes=4096))
            if again.code and not (command[0] == "forget" and "knows nothing under the title" in again.err):
                return f"cannot be done again: {again.err.strip()[-300:]}"
            own = hashes(run)
            differ = [n for n in ("learned.safetensors", "model.safetensors", "vocabulary.json") if own[n] != wanted[n]]
            return f"ended with other {differ}" if differ else None

        yield replace(case, complaint=complaint)


@kind("two processes that learn into one run, or forget, at once", share=4)
def at_once(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        run = lived_run(setting)
        commands: list[list[Any]] = []
        for i in range(2):
            names = [f"Name{i}{j} Ek" for j in range(rng.randint(1, 60))]
            documents = say(run.parent / f"new{i}.txt", names, ["Rome"] * len(names))
            commands.append(["learn", run, "--documents", documents])
        if rng.random() < 0.3:
            commands[1] = ["forget", run, "--title", "Bo Ek"]

        def act(run: Path = run, commands: list[list[Any]] = commands) -> Done:
            with ThreadPoolExecutor(2) as pool:
                both = list(pool.map(lambda command: attempt(Try("", command, megabytes=4096)), commands))
            for done, command in zip(both, commands, strict=True):
                if done.code not in (0, 2) or "Traceback" in done.err:
                    return Done(1, "", f"{command[0]}: {done.code} {done.err}", 0, 0)
                plan = attempt(Try("", ["learn", run, "--documents", command[-1], "--dry-run", "--json"]))
                lost = done.code == 0 and command[0] == "learn" and json.loads(plan.out)["new"]
                if lost or (done.code == 2 and plan.code == 0 and not done.err.startswith("closedbook: ")):
                    return Done(1, "", f"said to be learned, and lost: {plan.out[:300]} {done.out}", 0, 0)
            return attempt(Try("", ["ask", run, "Where was Ada Quill born?"], megabytes=4096))

        yield Try(" and ".join(command[0] for command in commands), [], act=act, codes=(0,))


@kind("learned names and a history that are forged, their hashes made anew")
def forged_living(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        run = lived_run(setting)
        name = rng.choice([*LIVING, *LIVING, "evidence.sqlite"])
        path, how = run / name, rng.random()
        if name == "learned.safetensors" and how < 0.7:
            tensors, record = load_tensors(path)
            if rng.random() < 0.3:
                key = rng.choice(sorted(tensors))
                tensor = tensors.pop(key)
                changed = [
                    tensor[:-1],
                    tensor[:0],
                    tensor.flatten(),
                    tensor[None],
                    tensor.double(),
                    tensor * float("nan"),
                    tensor.int(),
                ]
                tensors |= rng.choice([{}, {"other": tensor}, *({key: other.contiguous()} for other in changed)])
            if "record" in tensors and rng.random() < 0.8:
                with contextlib.suppress(ValueError):  # as it may have been cut above
                    names = forge(json.loads(bytes(tensors["record"].flatten().tolist())), rng)
                    tensors["record"] = torch.frombuffer(bytearray(json.dumps(names).encode()), dtype=torch.uint8)
            if rng.random() < 0.2:
                record = forge(record, rng)
            save_tensors(path, tensors, record)
        elif name == "history.jsonl" and how < 0.7:
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            lines[0] = rng.choice([forge(lines[0], rng), monster(rng), {**lines[0], "title": "\x1b]0;x\x07[red]"}])
            path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        elif how < 0.8:
            something_else(path, rng)
        else:
            spoil(path, rng)
        seal_run(run)
        documents = say(run.parent / "new.txt", ["Dot Ely"], ["Rome"])
        commands: list[list[Any]] = [
            ["history", run], ["history", run, "--all"], ["history", run, "--json"],
            ["learn", run, "--documents", documents], ["learn", run, "--documents", documents, "--dry-run"],
            ["forget", run, "--title", "Bo Ek"], ["ask", run, "Where was Bo Ek born?"], ["card", run],
            ["ask", run, "Where was Ada Quill born?", "--blind"], ["show", "memory", run],
            ["list", "runs", "--runs", run.parent],
            ["export", run, "--to", "huggingface", "--output", run.parent / "export"],
        ]  # fmt: skip
        command = rng.choice(commands)
        yield Try(f"{name}: {' '.join(map(str, (command[0], *command[2:])))[:60]}", command, megabytes=2048)


@kind("documents to learn and titles to forget that nobody expects")
def strange_documents(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        run = lived_run(setting)
        path = run.parent / f"new{rng.choice(['.txt', '.jsonl', '.gz', ''])}"
        texts = [
            "", "\n", ". \n", "Ada\n", "A. " * 20_000 + "\n", "\x1b[31mEvil. Evil was born in [red]Oslo.\n", "□⁇. □\n",
            "Ada Quill. \n", "Bo Ek. Bo Ek.\n" * 3, f"{'x' * 5000}. He was born in Rome.\n", "\0. \0\n",
            "é. é\u0301.\n", "".join(f"N{i} Ek. Born in Rome {i}.\n" for i in range(300)),
            "[bold]. {0} %s born in [/]\n", "1. 2 3.\n",
            '{"title": "", "text": ""}\n', '{"title": 5, "text": []}\n', "[[[\n", f"Long Ek. {'Rome Oslo ' * 20_000}\n",
            "".join(f"Ada Quill. Ada Quill was born in Rome in {i}.\n" for i in range(5000)),
            "Ada Quill. " + " ".join(f"He was born in R{i:x} in {i}." for i in range(rng.choice([300, 20_000]))) + "\n",
        ]  # fmt: skip
        if rng.random() < 0.85:
            path.write_text(rng.choice(texts) + rng.choice(["", *texts[:8]]), encoding="utf-8")
        else:
            something_else(path, rng)
        title = rng.choice(
            ["", " ", "\x1b[31m", "nobody", "Bo Ek\0", "x" * 100_000, "[red]", "□", "bo ek", "Bo  Ek", "%"]
        )
        documents = rng.choice([path, run / "evidence.sqlite", run / "run.json", run, setting.documents])
        commands: list[list[Any]] = [
            ["learn", run, "--documents", path],
            ["learn", run, "--documents", path],
            ["learn", run, "--documents", path, "--dry-run", "--json"],
            ["learn", run, "--documents", documents],
            ["learn", run, "--documents", path, "--workers", rng.choice(["0", "-1", "nan", "x", "9" * 30])],
            ["learn", run, "--documents", path, "--scheduler", rng.choice(["", "x", "tcp://", "tcp://[", "\x1b"])],
            ["forget", run, "--documents", path],
            ["forget", run, "--title", title],
            ["forget", run, "--title", title, "--title", "Bo Ek"],
        ]
        command = rng.choice(commands)

        def complaint(done: Done, run: Path = run, command: list[Any] = command) -> str | None:
            if done.code == 0 and command[0] == "learn" and "--dry-run" not in command:
                again = attempt(Try("", [*command, "--dry-run", "--json"], megabytes=4096))
                changes = json.loads(again.out) if again.code == 0 else {"new": again.err, "changed": ""}
                if changes["new"] or changes["changed"]:
                    return f"not known after learning: {again.out[:200]} {again.err[:200]}"
            after = attempt(Try("", ["ask", run, "Where was Cy Orr born?"], megabytes=4096))
            return f"answers no longer: {after.err[-200:]}" if after.code else None

        kept = (setting.words, setting.documents, setting.questions)
        what = f"{command[0]} {path.read_text(encoding='utf-8')[:20] if path.is_file() else path.name!r} {command[3:]}"
        yield Try(what[:120], command, kept=kept, complaint=complaint, megabytes=4096, seconds=90)


# Pretrained bases ----------------------------------------------------------------------------------------------------

CONFIG: list[dict[str, Any]] = [
    {"num_hidden_layers": 10**5}, {"num_hidden_layers": 1000}, {"vocab_size": 10**12}, {"hidden_size": 10**9},
    {"hidden_act": "evil"}, {"dtype": "evil"}, {"quantization_config": {"quant_method": "bitsandbytes"}},
    {"_attn_implementation": "stranger/kernel"}, {"experts_implementation": "stranger/kernel"},
    {"model_type": "evil", "auto_map": {"AutoConfig": "evil.C"}}, {"tie_word_embeddings": False},
    {"auto_map": {"AutoModelForCausalLM": "evil.M"}}, {"rope_parameters": {"rope_type": "yarn", "factor": "x"}},
    {"num_key_value_heads": 3}, {"head_dim": 0}, {"rms_norm_eps": "x"}, {"vocab_size": 5}, {"bos_token_id": 10**30},
]  # fmt: skip
KINDS_OF_MODELS = ("gpt2", "qwen2", "mixtral", "bert", "t5", "mamba", "whisper", "evil", "gemma3", "llava", "", "../x")


class Payload:
    """What a pickle executes where one is read."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.marker), "w")


def spoil_base(base: Path, marker: Path, rng: Random) -> str:
    """Change a folder as a stranger could; what was done."""
    how = rng.choice(["config", "config", "forged", "forged", "pickle", "code", "parts", "bytes", "no file", "adapter"])
    files = sorted(path for path in base.iterdir() if path.is_file())
    if how == "config":
        change: dict[str, Any] = rng.choice([*CONFIG, {"model_type": rng.choice(KINDS_OF_MODELS)}])
        config = json.loads((base / "config.json").read_text(encoding="utf-8"))
        (base / "config.json").write_text(json.dumps({**config, **change}), encoding="utf-8")
        how = f"{change}"
    elif how == "forged":
        path = rng.choice([path for path in files if path.suffix == ".json"])
        path.write_text(json.dumps(forge(json.loads(path.read_text(encoding="utf-8")), rng)), encoding="utf-8")
        how = f"forged {path.name}"
    elif how in ("pickle", "parts"):
        name = rng.choice(["pytorch_model.bin", "model.safetensors", "part.bin", "tokenizer.pkl", "training_args.bin"])
        if rng.random() < 0.7:
            (base / "model.safetensors").unlink()
        (base / name).write_bytes(pickle.dumps(Payload(marker)))
        if how == "parts":
            part = rng.choice([name, "../x.safetensors", "/dev/zero", 5, None, "", "model.safetensors"])
            index = {"metadata": {"total_size": rng.choice([1, "x", None])}, "weight_map": {"model.norm.weight": part}}
            (base / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    elif how == "code":
        (base / "evil.py").write_text(f"open({str(marker)!r}, 'w')\nclass T: pass\nC = M = T\n", encoding="utf-8")
        for name in ("config.json", "tokenizer_config.json"):
            record = json.loads((base / name).read_text(encoding="utf-8"))
            kinds = {key: f"evil.{key[-1]}" for key in ("AutoConfig", "AutoModelForCausalLM", "AutoTokenizer")}
            (base / name).write_text(
                json.dumps({**record, "auto_map": kinds, "tokenizer_class": "T"}), encoding="utf-8"
            )
    elif how == "bytes":
        path = rng.choice(files)
        spoil(path, rng)
        how = f"bytes of {path.name}"
    elif how == "no file":
        path = rng.choice([*files, base / "vocab.txt", base / "special_tokens_map.json", base / "pytorch_model.bin"])
        how = f"{something_else(path, rng)} as {path.name}"
    else:
        there = {"peft_type": "LORA", "base_model_name_or_path": rng.choice(["stranger/x", "..", 5]), "task_type": "X"}
        (base / "adapter_config.json").write_text(json.dumps(there), encoding="utf-8")
    return how


@kind("a pretrained base with pickles, code, forged configurations and weights, links", share=2)
def bases(setting: Setting, rng: Random) -> Iterator[Try]:
    while True:
        folder = setting.fresh()
        base, marker = Path(shutil.copytree(setting.base, folder / "base")), folder / "ran"
        if rng.random() < 0.12:
            how, base = "a GGUF file of junk", folder / "base.gguf"
            base.write_bytes(b"GGUF\x03\0\0\0" + rng.choice([b"\xff", b"\0", b"\x01"]) * 20 + rng.randbytes(200))
        else:
            how = spoil_base(base, marker, rng)
        few = ["--set", "stages.learn.steps=2", "--set", "stages.learn.batch=4", "--set", "model.context_length=96"]
        run = rng.choice([["--dry-run"], ["--run", folder / "run"]])
        inputs = ["--documents", setting.documents, "--questions", setting.questions, "--threads", "1"]

        def before(marker: Path = marker) -> None:
            def connect(*arguments: Any) -> None:
                marker.write_text(f"connected to {arguments[1:]}")
                raise OSError("no network here")

            socket.socket.connect = connect  # type: ignore[method-assign]

        def complaint(done: Done, marker: Path = marker) -> str | None:
            message = ""
            with contextlib.suppress(OSError):
                message = marker.read_text()
            return f"ran what a stranger wrote, or {message}" if marker.exists() else None

        options = ["--questions", setting.questions, "--prompts", "1", "--shots", "1", "--samples", "1"]
        train = ["train", "teach", "--base", base, *inputs, *few, *run]
        command = rng.choice([train, train, ["probe", base, *options], ["probe", base, "--text", setting.documents]])
        yield Try(how[:100], command, before=before, complaint=complaint, megabytes=4096)
