"""Dropout as the course's attention has it: on the weights after the softmax, and on what proj gives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from closedbook.course.student.findings import CONFIG, Checks, HandoutError, UnsureError, lively

SHARE = 0.3  # what is dropped while this is looked at; not 0.5, which is nn.Dropout's own
Make = Callable[..., Any]  # a layer, from fields of its config
Inputs = Callable[[int], Sequence[Tensor]]  # of a batch so large


def dropout(name: str, make: Make, inputs: Inputs, official: bool = False) -> Checks:
    """Look at a layer in train mode. `official`: code of the course itself, whose deviations are reported as unsure."""

    def held(check: Callable[[Make, Inputs], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                check(make, inputs)
            except HandoutError as error:
                if official:
                    raise UnsureError(f"{error}; the course's own has it") from None
                raise

        return run

    yield f"{name}: dropout on the weights, after the softmax (train mode)", held(on_weights)
    yield f"{name}: dropout on what proj gives (train mode)", held(on_result)


def on_weights(make: Make, inputs: Inputs) -> None:
    """With every value 1, position 0 gives the one weight it has: whole heads are dropped or raised.

    Dropout on the values or the result drops single numbers instead, dropout before the softmax none.
    """
    several = inputs(64)
    still, moved = first_position(make, several, SHARE, 0.0)
    if not torch.allclose(still, torch.ones_like(still), atol=1e-4):
        raise UnsureError("the dropout of weights cannot be judged while mask, softmax or heads are not right")
    obeyed(acting(make, several), "attn_pdrop")
    heads = moved.unflatten(-1, (CONFIG["n_head"], -1))
    if torch.allclose(moved, still, atol=1e-5):
        alive = lively(make(attn_pdrop=SHARE, resid_pdrop=0.0)).train()
        with torch.no_grad():
            random = not torch.allclose(alive(*several), alive(*several))
        raise HandoutError(
            "attn_drop comes before the softmax; it belongs behind it, on the weights"
            if random
            else "attn_drop is missing: the weights must go through nn.Dropout(config.attn_pdrop) after the softmax"
        )
    if not torch.allclose(heads, heads[..., :1].expand_as(heads), atol=1e-5):
        raise HandoutError("attn_drop is in the wrong place: it drops single numbers of the result, not weights")
    left = moved[moved.abs() > 1e-6]
    if len(left) and not torch.allclose(left, left[:1].expand_as(left), atol=1e-5):
        raise UnsureError("the dropout of weights cannot be judged while mask, softmax or heads are not right")
    as_asked(moved, still, "attn_pdrop")


def on_result(make: Make, inputs: Inputs) -> None:
    """The last step of the layer: single numbers of the result are dropped or raised."""
    act = None
    with contextlib.suppress(UnsureError):  # where this cannot be told, the rest can
        act = acting(make, inputs(64))
    if act is not None:
        obeyed(act, "resid_pdrop")
    still, moved = still_and_moved(lively(make(attn_pdrop=0.0, resid_pdrop=SHARE)), inputs(2))
    if torch.allclose(moved, still, atol=1e-5):
        raise HandoutError("resid_drop is missing: the result must be nn.Dropout(config.resid_pdrop) of proj's output")
    large = still.abs() > 1e-2  # where a ratio can be told
    ratio = moved[large] / still[large]
    stays = ratio[ratio.abs() > 1e-3]
    if not torch.allclose(stays, stays.median().expand_as(stays), rtol=1e-2):
        raise HandoutError("resid_drop is in the wrong place: it must be the last step, after proj")
    as_asked(moved[large], still[large], "resid_pdrop")


def first_position(
    make: Make, several: Sequence[Tensor], attn_pdrop: float, resid_pdrop: float
) -> tuple[Tensor, Tensor]:
    """(row, width) what position 0 gives in eval and in train mode, where every value is 1 and proj changes nothing."""
    layer = make(attn_pdrop=attn_pdrop, resid_pdrop=resid_pdrop)
    if not isinstance(getattr(layer, "proj", None), nn.Linear):
        raise UnsureError("it has no linear map proj, so this cannot be compared")
    with torch.no_grad():
        for linear in (module for module in layer.modules() if isinstance(module, nn.Linear)):
            linear.weight.zero_()
            linear.bias.fill_(1) if linear.bias is not None else linear.weight.fill_(1)
        layer.proj.weight.copy_(torch.eye(len(layer.proj.weight)))
        if layer.proj.bias is not None:
            layer.proj.bias.zero_()
    still, moved = still_and_moved(layer, several)
    return still[:, 0], moved[:, 0]


def acting(make: Make, several: Sequence[Tensor]) -> dict[tuple[float, float], set[str]]:
    """Which dropouts act, by their fields, where (attn_pdrop, resid_pdrop) are given."""
    result = {}
    for given in ((0.0, 0.0), (SHARE, 0.0), (0.0, SHARE)):
        moved = first_position(make, several, *given)[1]
        dropped = (moved.abs() < 1e-6).unflatten(-1, (CONFIG["n_head"], -1))
        whole, single = dropped.all(-1), dropped.any(-1) & ~dropped.all(-1)
        seen = {"attn_pdrop": whole.float().mean() > 0.02, "resid_pdrop": single.any()}
        result[given] = {field for field, is_so in seen.items() if is_so}
    return result


def obeyed(act: dict[tuple[float, float], set[str]], field: str) -> None:
    """Raise HandoutError where a dropout takes its share from elsewhere than from its `field` of the config."""
    never, first, second = act.values()
    other = "resid_pdrop" if field == "attn_pdrop" else "attn_pdrop"
    name, other_name = field.replace("pdrop", "drop"), other.replace("pdrop", "drop")
    of_own, of_other = (first, second) if field == "attn_pdrop" else (second, first)
    if field in never:
        raise HandoutError(
            f"{name} drops even where config.{field} = 0; is its share fixed, or left out? nn.Dropout(config.{field})"
        )
    if other in never:
        raise UnsureError(f"{name} cannot be judged while {other_name} does not follow the config")
    if field in of_other and field not in of_own:
        raise HandoutError(f"{name} takes config.{other}; it must be nn.Dropout(config.{field})")
    if other in of_own and other not in of_other:
        raise UnsureError(f"{name} cannot be judged while {other_name} takes config.{field}")


def still_and_moved(layer: Any, inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The outputs in eval and in train mode. Raises UnsureError if they cannot be compared."""
    with torch.no_grad():
        still, again = layer.eval()(*inputs), layer(*inputs)
        moved = layer.train()(*inputs)
    shape = (len(inputs[-1]), inputs[-1].shape[1], CONFIG["n_embd"])
    if any(not isinstance(result, Tensor) or result.shape != shape for result in (still, moved)):
        raise UnsureError("dropout cannot be judged while the result has another shape")
    if not torch.allclose(still, again, equal_nan=True):
        raise UnsureError("dropout cannot be judged while it acts in eval mode too")
    return still, moved


def as_asked(moved: Tensor, still: Tensor, field: str) -> None:
    """Raise HandoutError unless a share of SHARE is dropped: what stays is larger by 1 / (1 - share)."""
    gain = (moved / still)[moved.abs() > 1e-6].median().item()
    if abs(gain - 1 / (1 - SHARE)) > 0.02:
        share = 1 - 1 / gain if gain else 1.0
        raise HandoutError(f"dropout of {share:.2g} where config.{field} = {SHARE} was given; use the config's")
