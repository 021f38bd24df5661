"""Process-supervised creative-writing data: prompt, reasoning and article, from raw texts to reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coig_writer.packaged import load_benchmark, load_exemplars, load_starter

__all__ = ["__version__", "load_benchmark", "load_exemplars", "load_starter"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Loads what the package offers when it is asked for: `coig-writer --help` needs none of it."""
    if name.startswith("load_") and name in __all__:
        from coig_writer import packaged

        return getattr(packaged, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
