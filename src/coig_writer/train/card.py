"""The card of a trained model: from what data, base and settings it came, with hashes."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from coig_writer.files import write_json, write_text
from coig_writer.train.settings import FORMS

_DONE = {"refuse": "refused", "drop": "left out", "cut": "cut"}


def write_card(record: dict[str, Any], first: dict[str, float], last: dict[str, float], folder: Path) -> None:
    """Writes `README.md` and `training.json` into a model's folder.

    Args:
        record: what `run.json` holds of the run.
        first: figures before training, as `held_out_creative`.
        last: those after it.
    """
    write_text(folder / "README.md", render_card(record, first, last))
    write_json(folder / "training.json", record)


def render_card(record: dict[str, Any], first: dict[str, float], last: dict[str, float]) -> str:
    """The card as Markdown; the same record gives the same card."""
    template = (files("coig_writer") / "data" / "training" / "card.md").read_text(encoding="utf-8")
    made = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    settings, system = record["settings"], record["system"]
    counts = {source: each["samples"] for source, each in record["data"]["counts"].items()}
    values = {
        "adapter": settings["lora"] is not None,
        "ratio": ratio(counts.get("creative", 0), counts.get("general", 0)),
        "form": FORMS[settings["form"]],
        "long_done": _DONE[settings["on_long"]],
        "rows": _rows(record),
        "system": "none" if system is None else f"`{system}`",
        "held": [
            {"source": source, "samples": len(ids), "before": first[f"held_out_{source}"], "after": after}
            for source, ids in record["held_out"].items()
            if (after := last.get(f"held_out_{source}")) is not None
        ],
        "libraries": ", ".join(f"{name} {number}" for name, number in record["versions"].items()),
    }
    return made.from_string(template).render(record | values)


def ratio(creative: int, general: int) -> str:
    """Creative to general as it truly is: `1:6.0`; `1:0` and `0:1` where one is missing."""
    if not creative:
        return "0:1"
    return f"1:{general / creative:.1f}" if general else "1:0"


def _rows(record: dict[str, Any]) -> list[tuple[str, str]]:
    settings, estimate = record["settings"], record["estimate"]
    rows = [
        ("steps", f"{record['steps']:,}"),
        ("epochs", f"{settings['epochs']:g}" if settings["steps"] is None else "by steps"),
        (
            "batch",
            f"{settings['batch']} = {estimate['per_device']} a device × {estimate['devices']} devices"
            f" × {estimate['accumulation']} accumulated",
        ),
        ("learning rate", f"{settings['learning_rate']:g}, {settings['schedule']}, warm-up {settings['warmup']:.0%}"),
        ("optimizer", f"AdamW, weight decay {settings['weight_decay']:g}"),
        ("precision", record["precision"]),
        ("seed", str(settings["seed"])),
        ("parameters", f"{estimate['trained']:,} trained of {estimate['parameters']:,}"),
        ("time", f"{record['seconds'] / 3600:.2f} h"),
    ]
    if lora := settings["lora"]:
        rows.append(("adapter", f"rank {lora['rank']}, alpha {lora['alpha']}, dropout {lora['dropout']:g}"))
    if settings["packing"]:
        rows.append(("packing", f"{estimate['samples']:,} samples in {estimate['rows']:,} rows"))
    return rows
