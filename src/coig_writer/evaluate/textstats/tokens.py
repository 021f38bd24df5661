"""The tokenizer by which answers are counted: the one that is named, else the embedded model's if it is installed."""

from __future__ import annotations

from dataclasses import dataclass

from coig_writer.dataset.tokens import EMBEDDED, Tokenizer, load_tokenizer
from coig_writer.errors import ModelError
from coig_writer.llm.weights import FILE_NAME, packaged_weights


@dataclass(frozen=True)
class TokenizerChoice:
    """Where a tokenizer comes from; small, so that it can be sent to another process and loaded there."""

    name: str
    """As shown to people."""
    source: str
    """A `tokenizer.json`, a folder, an id on the Hub, or a GGUF file."""

    def load(self) -> Tokenizer:
        """The tokenizer itself.

        Raises:
            SettingError: it cannot be loaded.
        """
        return load_tokenizer(self.source)


def choose_tokenizer(name: str | None) -> TokenizerChoice | None:
    """The tokenizer of this name; without a name the embedded model's, or None where that is not installed."""
    if name and name != EMBEDDED:
        return TokenizerChoice(name, name)
    try:
        return TokenizerChoice(f"embedded ({FILE_NAME})", str(packaged_weights()))
    except ModelError:
        if name:
            raise
        return None
