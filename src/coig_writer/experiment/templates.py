"""Experiments to start from."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from coig_writer.errors import SettingError, StorageError
from coig_writer.files import write_text

TEMPLATES = {
    "small": "a few steps of a tiny untrained model, to see that everything works",
    "ratio": "the paper's five sets on Qwen2.5-7B-Instruct",
    "sizes": "whether the best ratio is the same at other sizes",
    "bases": "whether it is the same with another base model",
    "parallel": "whether it changes when the reasoning is in Chinese, in English, or in both",
}


def write_template(name: str, out: Path) -> None:
    """Writes the experiment of that name to `out`.

    Raises:
        SettingError: there is none; names those there are.
        StorageError: something stands at `out`.
    """
    if name not in TEMPLATES:
        known = "; ".join(f"{each}: {what}" for each, what in TEMPLATES.items())
        raise SettingError(f"no experiment of the name {name}", remedy=f"There are {known}.")
    if out.exists():
        raise StorageError("a file stands here", where=str(out), remedy="Choose another --out.")
    write_text(out, (files("coig_writer") / "data" / "experiments" / f"{name}.toml").read_text(encoding="utf-8"))
