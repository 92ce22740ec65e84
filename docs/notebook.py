"""notebook.ipynb as Markdown, for the site and the tests; run as a program, it executes the notebook anew.

A kernel is not needed for that: cells are plain Python, whose prints, last value and matplotlib figures are kept.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).with_suffix(".ipynb")


def to_markdown(text: str, outputs: bool = True) -> str:
    """The cells one after another: code in fences, and what it printed and drew below."""
    parts = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"] if outputs else []:
            data = output.get("data", {})
            if "image/png" in data:
                drawn = data["image/png"].replace("\n", "")
                parts.append(f"![{output['metadata'].get('alt', 'figure')}](data:image/png;base64,{drawn})")
            elif printed := "".join(output.get("text") or data.get("text/plain", [])):
                parts.append(f"```text\n{printed.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def execute(cells: list[dict[str, Any]]) -> None:
    """Run the code cells in order, in the current folder, and keep what they print, end with and draw."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate((cell for cell in cells if cell["cell_type"] == "code"), 1):
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(tree, "cell", "exec"), names)
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
        outputs: list[dict[str, Any]] = []
        if printed.getvalue():
            outputs.append({"output_type": "stream", "name": "stdout", "text": printed.getvalue().splitlines(True)})
        if value is not None:
            outputs.append({"output_type": "execute_result", "execution_count": number, "metadata": {},
                            "data": {"text/plain": repr(value).splitlines(True)}})  # fmt: skip
        for figure in map(pyplot.figure, pyplot.get_fignums()):
            png = io.BytesIO()
            figure.savefig(png, dpi=80, bbox_inches="tight")
            data = {"image/png": base64.b64encode(png.getvalue()).decode()}
            alt = figure.get_label() or figure.axes[0].get_title()
            outputs.append({"output_type": "display_data", "metadata": {"alt": alt}, "data": data})
        pyplot.close("all")
        cell["execution_count"], cell["outputs"] = number, outputs


def main() -> None:
    import tempfile

    written = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        execute(written["cells"])
    NOTEBOOK.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
