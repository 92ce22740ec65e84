"""`closedbook attention`: check the claims of part 1, print them, draw them."""

from __future__ import annotations

import sys
from pathlib import Path

from closedbook.cli.options import Json
from closedbook.cli.output import console


def attention(*ids: str, json: Json = False, figures: Path | None = None, set: list[str] | None = None) -> None:
    """Check what attention can and cannot do, claim by claim.

    Each claim builds its head, measures a figure and compares it with its bound and the tolerance. It holds where
    figure ≤ bound ≤ tolerance. The exit code is 0 if all claims hold, 1 if any fails, 2 for a mistake in the call.

    For example:

        closedbook attention

        closedbook attention 1c.ii --figures figures --set t=30

    Args:
        ids: The claims: 1a, 1b, 1c.i, 1c.ii, 1c.ii-both, 1d.i, 1d.ii, 1e.i, 1e.ii, 2g.ii. All of them if none is named.
            One alone is shown with its derivation and parameters.
        figures: Draw each claim into this folder: ID.svg, ID.png, and ID-dark.svg, ID-dark.png.
        set: A parameter, KEY=VALUE, for every claim that has it; repeatable. `--set premise=broken` breaks each
            premise.
    """
    from closedbook.attention import CLAIMS
    from closedbook.attention.claim import load, overrides_by_claim, parse_overrides
    from closedbook.attention.printing import check_all, print_json, print_verdicts

    claims = [load(id) for id in dict.fromkeys(ids or CLAIMS)]
    import torch  # only once the ids are known to be right

    torch.set_num_threads(1)  # the matrices are small: a second thread on a busy machine waits more than it works
    verdicts = check_all(claims, overrides_by_claim(claims, parse_overrides(set or ())), figures)
    if json:
        print_json(verdicts)
    else:
        print_verdicts(verdicts, console(width=120))
    if not all(verdict.holds for verdict in verdicts):
        sys.exit(1)
