"""What an export for Hugging Face consists of; its code is one file, of the definitions that some names need."""

from __future__ import annotations

import ast
import copy
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closedbook import __version__

PACKAGE = "closedbook"
MODELLING = "modeling_closedbook"
HEADER = '''"""A network trained by closedbook {version}, for transformers: nothing else is needed. MIT licence.

Cut out of closedbook's own modules when the network was exported.
"""'''
SHAPES = '''class Float:
    """Shapes are written where types stand: Float[Tensor, "batch time"]."""

    def __class_getitem__(cls, item: Any) -> Any:
        return item[0]


Bool = Int = Float'''
REGISTERED = '''def registered(kind: str, name: str) -> Any:
    """The class of that name, which stands in this file."""
    return globals()[REGISTRIES[kind][name].partition(":")[2]]'''


@dataclass(frozen=True)
class Package:
    """What an export for Hugging Face consists of."""

    model: Any  # a PreTrainedModel
    tokenizer: Any  # a PreTrainedTokenizerFast
    modelling: str | None  # the source of its class, where that is not transformers' own
    closing: str  # what follows a question
    difference: Callable[[Any], float]  # the largest difference of a logit, of the model as it is read back
    importable: bool = False  # whether it can become a run again


class _Module:
    """A module's source, its definitions by name in order, and its imports."""

    def __init__(self, name: str) -> None:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        self.source = Path(spec.origin).read_text(encoding="utf-8")
        self.definitions: dict[str, ast.stmt] = {}
        self.outer: dict[str, str] = {}  # name: the statement that imports it from another package
        self.inner: dict[str, str] = {}  # name: the module of our package that it is imported from
        for node in ast.parse(self.source).body:
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == PACKAGE:
                self.inner |= {alias.name: str(node.module) for alias in node.names}
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                for alias in node.names:
                    alone = copy.copy(node)
                    alone.names = [alias]
                    self.outer[(alias.asname or alias.name).split(".")[0]] = ast.unparse(alone)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                self.definitions[node.name] = node
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
                self.definitions |= dict.fromkeys(names, node)

    def text(self, node: ast.stmt) -> str:
        first = min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
        return "\n".join(self.source.splitlines()[first - 1 : node.end_lineno])


def bundle(main: str, extras: Sequence[str]) -> str:
    """Python source with the definitions of module `main` and those they need from the modules it imports.

    `extras` lists further definitions as "module:name". Statements that define nothing are left out, such as
    registrations, which only the installed package should make.

    Raises ValueError if two needed definitions have the same name.
    """
    modules: dict[str, _Module] = {}

    def visit(name: str) -> None:
        if name in modules or name == f"{PACKAGE}.typing":
            return
        module = _Module(name)
        modules.setdefault(name, module)
        for inner in dict.fromkeys(module.inner.values()):
            visit(inner)
        modules[name] = modules.pop(name)  # a module comes after what it imports

    for path in (*extras, main):
        visit(path.partition(":")[0])

    needed: dict[str, str] = {}  # name: the module that defines it
    outer: set[str] = set()
    queue = [tuple(path.split(":")) for path in extras] + [(main, name) for name in modules[main].definitions]
    while queue:
        home, name = queue.pop()
        if home not in modules or needed.get(name) == home:
            continue
        module = modules[home]
        if name not in module.definitions:
            queue += [(module.inner[name], name)] if name in module.inner else []
            continue
        if needed.setdefault(name, home) != home:
            raise ValueError(f"two modules of one file define {name}")
        node = ast.parse(REGISTERED) if name == "registered" else module.definitions[name]
        used = {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
        queue += [(home, word) for word in used]
        outer |= {module.outer[word] for word in used if word in module.outer}

    parts = [SHAPES]
    for home, module in modules.items():
        done: set[int] = set()
        for name, node in module.definitions.items():
            if needed.get(name) == home and node.lineno not in done:
                done.add(node.lineno)
                parts.append(REGISTERED if name == "registered" else module.text(node))
    imports = "\n".join(["from __future__ import annotations\n", *sorted(outer)])
    return f"{HEADER.format(version=__version__)}\n\n{imports}\n\n\n" + "\n\n\n".join(parts) + "\n"
