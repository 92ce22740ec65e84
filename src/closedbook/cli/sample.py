"""`closedbook sample`."""

from __future__ import annotations

from pathlib import Path

from closedbook.cli.options import Json, RunsMixer
from closedbook.cli.output import echo, print_json


def sample(
    run: Path,
    prompt: str,
    /,
    *,
    temperature: float = 0.8,
    top_k: int = 0,
    length: int = 300,
    seed: int = 0,
    mixer: RunsMixer = None,
    json: Json = False,
) -> None:
    """Let a trained model go on from a prompt.

    Example: closedbook sample runs/characters-… "The " --temperature 0.7

    Args:
        run: A run folder; `closedbook train characters` makes one from any text.
        prompt: The text to go on from.
        temperature: Below 1: safer; above 1: wilder; 0: always the most probable token.
        top_k: Draw among this many most probable tokens only; 0: among all.
        length: Tokens to draw.
        seed: The same seed gives the same text.
    """
    import closedbook

    text = closedbook.load(run, mixer).sample(prompt, length=length, temperature=temperature, top_k=top_k, seed=seed)
    if json:
        print_json({"prompt": prompt, "text": text})
    else:
        echo(prompt + text)
