"""How the help of a command ends."""

from __future__ import annotations


def example(command: str) -> str:
    """An epilog that shows one whole command on one line, however long, so that it can be copied."""
    return f"\b\nExample: {command}"
