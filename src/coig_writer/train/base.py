"""The model that training starts from: on the Hub, in a folder, in a GGUF file, packaged, or tiny and untrained."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from filelock import FileLock

from coig_writer.errors import ModelError, SettingError, first_line
from coig_writer.llm.registry import EMBEDDED
from coig_writer.llm.weights import cache_folder, packaged_weights, sha256

if TYPE_CHECKING:
    import torch

TINY = "tiny-random"
"""A Qwen2 of two thin layers with random weights and the packaged model's tokenizer: to see that everything works."""
_TINY: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 8192,
    "tie_word_embeddings": True,
}
_TINY_SEED = 0


@dataclass(frozen=True)
class Base:
    """A model that can be loaded."""

    name: str
    """As the user calls it; `embedded` and `tiny-random` are names of ours."""
    kind: Literal["hub", "folder", "gguf", "tiny"]
    path: str
    """The Hub's name, or the folder or file; of `tiny-random` the GGUF file that has the tokenizer."""

    def tokenizer(self) -> Any:
        """The tokenizer, padding on the right.

        Raises:
            ModelError: it cannot be loaded.
        """
        from transformers import AutoTokenizer

        with _loading(self):
            folder = _gguf_tokenizer(Path(self.path)) if self.kind in ("gguf", "tiny") else self.path
            tokenizer = AutoTokenizer.from_pretrained(folder)
        tokenizer.padding_side = "right"
        return tokenizer

    def config(self) -> Any:
        """The model's `PretrainedConfig`: shapes and the longest context it was made for."""
        from transformers import AutoConfig

        with _loading(self):
            if self.kind == "tiny":
                return _tiny_config(_gguf_tokenizer(Path(self.path)))
            if self.kind == "gguf":
                file = Path(self.path)
                return AutoConfig.from_pretrained(str(file.parent), gguf_file=file.name)
            return AutoConfig.from_pretrained(self.path)

    def model(self, dtype: torch.dtype, attention: str) -> Any:
        """The weights; those of a GGUF file are unpacked, for quantised ones cannot be trained.

        Raises:
            ModelError: they cannot be loaded.
        """
        import torch
        from transformers import AutoModelForCausalLM, GgufConfig

        more: dict[str, Any] = {"dtype": dtype, "attn_implementation": attention}
        with _loading(self):
            if self.kind == "tiny":
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(_TINY_SEED)
                    return AutoModelForCausalLM.from_config(self.config(), **more)
            if self.kind == "gguf":
                file = Path(self.path)
                more |= {"gguf_file": file.name, "quantization_config": GgufConfig(dequantize=True)}
                return AutoModelForCausalLM.from_pretrained(str(file.parent), **more)
            return AutoModelForCausalLM.from_pretrained(self.path, **more)

    @property
    def fingerprint(self) -> str:
        """What tells this base from another: a hash of the file, of pieces of a folder's weights, or a commit."""
        if self.kind == "gguf":
            return f"sha256:{sha256(Path(self.path))}"
        if self.kind == "tiny":
            return f"tiny:{hashlib.sha256(repr(_TINY).encode()).hexdigest()[:16]}"
        if self.kind == "folder":
            return f"files:{_folder_hash(Path(self.path))}"
        return f"commit:{getattr(self.config(), '_commit_hash', None)}"


def find_base(name: str) -> Base:
    """The base of that name: `embedded`, `tiny-random`, a folder, a GGUF file or a model on the Hub.

    Raises:
        SettingError: it looks like a path and there is nothing, or the folder holds no model or only an adapter.
        ModelError: the packaged weights are not installed.
    """
    path = Path(name)
    if name == EMBEDDED:
        return Base(name, "gguf", str(packaged_weights()))
    if name == TINY:
        return Base(name, "tiny", str(packaged_weights()))
    if path.suffix == ".gguf" and path.is_file():
        return Base(name, "gguf", str(path.resolve()))
    if path.is_dir():
        if (path / "config.json").is_file():
            return Base(name, "folder", str(path.resolve()))
        adapter = (path / "adapter_config.json").is_file()
        raise SettingError(
            "the folder holds an adapter, not a model" if adapter else "the folder holds no model",
            where=name,
            remedy="Merge it first: coig-writer train export." if adapter else "It should hold a config.json.",
        )
    if path.exists() or path.suffix or name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise SettingError("there is no such model", where=name, remedy="Give a folder, a GGUF file or a Hub name.")
    return Base(name, "hub", name)


@contextmanager
def _loading(base: Base) -> Iterator[None]:
    """Turns what the libraries raise about a model into an error that says which one it was about."""
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError) as error:
        first = first_line(error)
        raise ModelError(
            f"cannot load the model: {first}",
            where=base.name,
            remedy="Check name, path and network; HF_ENDPOINT names a mirror, HF_TOKEN opens gated models.",
        ) from error


def _gguf_tokenizer(file: Path) -> Path:
    """A folder with the tokenizer that a GGUF file carries; taking it out needs half a minute, so it is kept."""
    from transformers import AutoTokenizer

    stat = file.stat()
    key = hashlib.sha256(f"{file.resolve()}:{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()[:16]
    folder = cache_folder() / "tokenizers" / f"{file.stem}-{key}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        if not folder.is_dir():
            aside = folder.with_name(f".{folder.name}.part")
            AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name).save_pretrained(aside)
            aside.rename(folder)
    return folder


def _tiny_config(folder: Path) -> Any:
    from transformers import Qwen2Config

    return Qwen2Config(**_tokens(folder), **_TINY)


@lru_cache
def _tokens(folder: Path) -> dict[str, Any]:
    """What a configuration has to know of a tokenizer, which takes a second or two to read."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    return {"vocab_size": len(tokenizer)} | {name: getattr(tokenizer, name) for name in names}


_PIECE = 1 << 16
_PIECES = 64


def _folder_hash(folder: Path) -> str:
    """Of the configuration's bytes, of names and sizes of the weights, and of pieces spread over each of their files.

    Training changes all weights, so pieces tell two trainings of one base apart; to read all of a large model would
    take minutes.
    """
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in sorted(folder.iterdir()):
        if path.suffix in (".safetensors", ".bin"):
            size = path.stat().st_size
            digest.update(f"{path.name}:{size}".encode())
            with open(path, "rb") as file:
                for at in range(_PIECES):
                    file.seek(max(0, size - _PIECE) * at // (_PIECES - 1))
                    digest.update(file.read(_PIECE))
    return digest.hexdigest()
