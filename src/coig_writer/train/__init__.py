"""From a mixture to a model: supervised fine-tuning that says beforehand what it will do, and does that."""

from __future__ import annotations

from importlib.util import find_spec

from coig_writer.errors import ModelError

NEEDED = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "gguf")


def check_installed() -> None:
    """Raises ModelError when a library of the extra `train` is missing; names it."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ModelError(f"training needs {', '.join(missing)}", remedy="Run: pip install 'coig-writer[train]'.")
