"""The report of a run, as one HTML file that can be sent to a colleague; TensorBoard's event files."""

from collections.abc import Callable
from typing import Any

Context = dict[str, Any]
"""What a template reads."""
Progress = Callable[[str], None]
"""Is told what is being worked on."""
