"""Shape contracts are enforced while testing: jaxtyping's annotations are checked by beartype on every call."""

from jaxtyping import install_import_hook

install_import_hook(["closedbook.attention", "closedbook.model"], "beartype.beartype")
