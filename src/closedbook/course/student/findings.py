"""What a check says: that something holds, that it does not, or that it cannot be judged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from closedbook.model.custom_mixers import in_one_line

Checks = Iterator[tuple[str, Callable[[], None]]]  # names, and functions that raise what is wrong
Report = Callable[[str, bool | None, str | None], None]  # name, whether it holds (None: not judged), why


class HandoutError(Exception):
    """What a student's code does against the handout."""


class UnsureError(Exception):
    """Something that may be right but cannot be checked; a teacher should look at it."""


def need(held: bool, why: str) -> None:
    if not held:
        raise HandoutError(why)


def judge(checks: Checks, file: Path, report: Report) -> None:
    """Run checks, each with the same seed, and report the results; the same explanation only once."""
    reported: list[str] = []
    held: bool | None
    why: str | None
    for name, run in checks:
        torch.manual_seed(0)
        held, why = True, None
        try:
            run()
        except HandoutError as error:
            held, why = False, str(error)
        except UnsureError as error:
            held, why = None, str(error)
        except BaseException as error:
            held, why = False, explained(error, file)
        if why is not None:
            bare = re.sub(r"\d+", "", why)  # lengths and sizes differ from check to check
            if any(bare in earlier for earlier in reported):
                continue
            reported.append(bare)
        report(name, held, why)


HINTS = {  # pattern in an error message: advice
    r"MemoryError|allocate memory": "it wanted more memory than --megabytes allows",
    r"CUDA|cuda|NVIDIA|nvidia|mps": "the file asks for a GPU by itself; let it use the device of its input, x.device",
    r"No module named '(attention|model|dataset|utils)'": "put the course's file of this name into the same folder",
    r"No module named": "install that package where closedbook is installed, or do without",
    r"Missing key|has no attribute 'forward'|NotImplementedError|forward": "is everything written that it needs?",
    r"view size is not compatible": "after transpose, write .contiguous().view(…) or .reshape(…)",
    r"'NoneType'": "is there a part left as None, or a function without return?",
}


def explained(error: BaseException, file: Path) -> str:
    """An exception in one line, with the line of the file and, where it is a usual one, what to do."""
    line = in_one_line(error, file)
    hint = next((advice for words, advice in HINTS.items() if re.search(words, line)), None)
    return f"{line}; {hint}" if hint else line


CONFIG: dict[str, Any] = {
    "vocab_size": 30, "n_layer": 4, "n_embd": 24, "n_head": 3, "block_size": 16, "bottleneck_dim": 6,
    "embd_pdrop": 0.1, "attn_pdrop": 0.1, "resid_pdrop": 0.1,
}  # fmt: skip
WIDTH, BLOCK, LATENTS = CONFIG["n_embd"], CONFIG["block_size"], CONFIG["bottleneck_dim"]


class Config(SimpleNamespace):
    """The configuration of minGPT's classes. Unknown flags, such as `additive`, are off."""

    def __getattr__(self, name: str) -> bool:
        if name.startswith("__"):
            raise AttributeError(name)
        return False


def maker(module: Any, name: str) -> Callable[..., Any]:
    """Makes a layer of the file's class of this name; fields of its config may be given."""
    return lambda **more: getattr(module, name)(Config(**{**CONFIG, **more}))


def lively(layer: Any) -> Any:
    """The layer in eval mode, with weights large enough to distinguish formulas."""
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(std=0.5)
    return layer.eval()


def same(output: Tensor, expected: Tensor) -> bool:
    alike = output.shape == expected.shape and torch.allclose(output, expected, atol=1e-4, rtol=1e-4, equal_nan=True)
    return bool(alike)


def shaped(output: Any, shape: torch.Size) -> Tensor:
    """The output, if it is a tensor of this shape; raises HandoutError otherwise."""
    need(output is not None, "it returns None; is the return statement missing?")
    need(isinstance(output, Tensor), f"it must return a tensor, not {type(output).__name__}")
    need(output.shape == shape, f"the result must be of shape {list(shape)}, not {list(output.shape)}")
    return output


def finite(output: Tensor) -> None:
    need(bool(output.isfinite().all()), "the result holds values that are no numbers (NaN or infinite)")


def close(output: Any, expected: Tensor, formula: str) -> None:
    output = shaped(output, expected.shape)
    if not same(output, expected):
        finite(output)
        raise HandoutError(f"the result differs from {formula} by up to {(output - expected).abs().max().item():.2g}")


def steady(call: Callable[..., Any], *inputs: Tensor) -> Any:
    """A layer's output in eval mode; raises HandoutError if it changes from call to call."""
    output, again = call(*inputs), call(*inputs)
    if isinstance(output, Tensor) and isinstance(again, Tensor) and output.shape == again.shape:
        need(
            bool(torch.allclose(output, again, equal_nan=True)),
            "in eval mode the same input gives other results each time: dropout is still acting. Use nn.Dropout, or "
            "F.dropout(…, training=self.training)",
        )
    return output


def causal(call: Callable[[Tensor], Any], length: int) -> None:
    """No position may change when a later one does."""
    x = torch.randn(2, length, WIDTH)
    before = shaped(steady(call, x), x.shape)
    for t in range(1, length):
        changed = x.clone()
        changed[:, t:] += 1
        after = call(changed)
        moved = ((after - before)[:, :t].abs().amax((0, 2)) > 1e-5) & before[:, :t].isfinite().all(2).all(0)
        if moved.any():
            raise HandoutError(f"position {int(moved.nonzero()[0])} changes when position {t} and later ones do")
    finite(before)
