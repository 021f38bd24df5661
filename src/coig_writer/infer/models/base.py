"""What a model written in Python has to have."""

from __future__ import annotations

from typing import Any, Protocol


class TextModel(Protocol):
    """A model as a Python object; it is asked from one thread, one question at a time."""

    def generate(self, messages: list[dict[str, str]], **sampling: Any) -> str:
        """The answer to a chat.

        Args:
            messages: `{"role": …, "content": …}` each, the last one the user's.
            sampling: what the run sends along, such as temperature, max_tokens, seed; take what you know.
        """
