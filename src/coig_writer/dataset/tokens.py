"""How many tokens texts take, and what a context of a given length would cut off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from coig_writer.errors import SettingError

PER_MESSAGE = 5
"""What a chat template adds to each message, about: ChatML frames it in two marks, the role and two line breaks."""
EMBEDDED = "embedded"
"""Stands for the model that comes along; its tokenizer is Qwen2.5's."""
_BATCH = 512


class Tokenizer(Protocol):
    """What is needed of a tokenizer; `tokenizers.Tokenizer` is one."""

    def encode_batch_fast(self, input: list[str], *, add_special_tokens: bool = ...) -> list: ...


@dataclass(frozen=True)
class CutOff:
    """What training with one context length would lose, by estimate: a chat template is not applied."""

    context: int
    """Tokens."""
    samples: int
    """Samples that are longer."""
    tokens: int
    """Tokens beyond it, over all samples."""
    share: float
    """Of all tokens, 0–1."""


def load_tokenizer(name: str) -> Tokenizer:
    """The tokenizer of a `tokenizer.json`, a model's folder, a GGUF file, a model on the Hub, or the embedded model.

    Raises:
        SettingError: there is no such file or model, or it is no tokenizer.
        ModelError: the embedded model is not installed.
    """
    from tokenizers import Tokenizer as FastTokenizer

    from coig_writer.llm.gguf import gguf_tokenizer
    from coig_writer.llm.weights import packaged_weights

    path = packaged_weights() if name == EMBEDDED else Path(name)
    if path.suffix.lower() == ".gguf" and path.is_file():
        return gguf_tokenizer(path)
    try:
        if path.exists():
            return FastTokenizer.from_file(str(path / "tokenizer.json" if path.is_dir() else path))
        return FastTokenizer.from_pretrained(name)
    except Exception as error:  # the library raises bare Exception for everything
        raise SettingError(
            f"cannot load the tokenizer {name}: {error}",
            remedy="Give a tokenizer.json, a folder that holds one, a GGUF file, a model on the Hub, or embedded.",
        ) from error


def count_tokens(texts: Iterable[str], tokenizer: Tokenizer) -> list[int]:
    """Tokens of each text, without special ones."""
    counts: list[int] = []
    rest = iter(texts)
    while batch := list(islice(rest, _BATCH)):
        counts += [len(encoding) for encoding in tokenizer.encode_batch_fast(batch, add_special_tokens=False)]
    return counts


def cut_off(tokens: Sequence[int], messages: Sequence[int], context: int) -> CutOff:
    """What a context of so many tokens would cut off.

    Args:
        tokens: of each sample.
        messages: of each sample; each takes `PER_MESSAGE` tokens more.
    """
    sizes = [count + PER_MESSAGE * turns for count, turns in zip(tokens, messages, strict=True)]
    beyond = [size - context for size in sizes if size > context]
    return CutOff(context, len(beyond), sum(beyond), sum(beyond) / sum(sizes) if sizes else 0.0)
