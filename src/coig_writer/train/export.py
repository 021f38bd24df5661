"""A run's model as one folder of plain weights, which every server and converter reads."""

from __future__ import annotations

import shutil
from pathlib import Path

from coig_writer.errors import SettingError, StorageError
from coig_writer.files import storage_errors
from coig_writer.train.base import find_base
from coig_writer.train.folder import RunFolder


def export(run: Path, out: Path, *, fresh: bool = False) -> Path:
    """Writes the whole model of a finished run to `out`, an adapter merged into its base; returns `out`.

    Args:
        fresh: replaces an earlier export at `out`.

    Raises:
        SettingError: there is no finished run.
        StorageError: something stands at `out`, or it cannot be written.
    """
    folder = RunFolder(run)
    record = folder.read()
    if record is None or record["status"] != "finished":
        raise SettingError(
            "there is no finished run", where=str(run), remedy="Give the --out of a run that has come to its end."
        )
    replaceable = fresh and (out / "training.json").is_file()
    if out.exists() and not replaceable:
        raise StorageError("something stands here", where=str(out), remedy="Choose another --out.")
    aside = out.with_name(f".{out.name}.part")
    with storage_errors(out):
        shutil.rmtree(aside, ignore_errors=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        if (folder.model / "adapter_config.json").is_file():
            _merge(folder.model, record["base"]["name"], aside)
        else:
            shutil.copytree(folder.model, aside)
        if replaceable:
            shutil.rmtree(out)
        aside.rename(out)
    return out


def _merge(adapter: Path, base: str, out: Path) -> None:
    """Adds the adapter's products to the base's weights, in 32 bits, and writes them as the adapter is stored."""
    import torch
    from peft import PeftModel
    from safetensors import safe_open

    model = find_base(base).model(torch.float32, "sdpa")
    merged = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    with safe_open(adapter / "adapter_model.safetensors", "pt") as file:
        dtype = file.get_tensor(next(iter(file.keys()))).dtype
    merged.to(dtype).save_pretrained(out)
    for path in adapter.iterdir():
        own = path.name.startswith("adapter_") or path.name == "config.json"
        if path.suffix in (".json", ".jinja", ".md") and not own:
            shutil.copy(path, out)
