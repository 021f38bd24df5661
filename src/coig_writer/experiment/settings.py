"""What an experiment varies and what it keeps, read from one TOML file."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from coig_writer.errors import InputError, SettingError
from coig_writer.train.settings import TrainSettings

STARTER = "starter"
"""Names the packaged triplets in place of a file."""
PAPER = (0, 1000, 5000, 10000)
"""General examples of the paper's mixed sets (table 1); its fifth has 10,000 and no triplets."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(_Table):
    """The mixtures."""

    creative: tuple[str, ...] = Field(min_length=1)
    """Releases or files of triplets, or `starter`."""
    general: tuple[str, ...] = ()
    preset: Literal["paper"] | None = None
    general_counts: tuple[int, ...] = ()
    general_only: int | None = Field(None, ge=1)
    """A set of so many general examples and no triplets, to compare with."""
    creative_counts: tuple[int, ...] = ()
    """Triplets of a mixture; all when empty."""
    languages: tuple[tuple[str, ...], ...] = ()
    """Each is a variant: triplets in these languages. All when empty."""
    seeds: tuple[int, ...] = (42,)

    @field_validator("general_counts", "creative_counts")
    @classmethod
    def _counts(cls, values: tuple[int, ...]) -> tuple[int, ...]:
        if any(value < 0 for value in values) or len(set(values)) < len(values):
            raise ValueError("counts are not negative, and each stands once")
        return values

    @model_validator(mode="after")
    def _one_grid(self) -> Data:
        if bool(self.preset) == bool(self.general_counts):
            raise ValueError("give either preset or general_counts")
        if not self.seeds:
            raise ValueError("at least one seed is needed")
        return self

    @property
    def counts(self) -> tuple[int, ...]:
        return PAPER if self.preset else tuple(sorted(self.general_counts))

    @property
    def alone(self) -> int | None:
        """General examples of the set without triplets."""
        return PAPER[-1] if self.preset else self.general_only


class Infer(_Table):
    """Options of `coig-writer infer`."""

    input: str = "benchmark:zh"
    limit: int | None = Field(None, ge=1)
    samples: int = Field(1, ge=1)
    max_tokens: int | None = Field(None, ge=1)
    temperature: float | None = Field(None, ge=0)
    top_p: float | None = Field(None, gt=0, le=1)
    seed: int | None = 1


class Evaluate(_Table):
    """How answers are measured; text statistics always are."""

    metrics: tuple[str, ...] = ("ttr", "chars")
    """Figures of `textstats` whose curve is drawn."""
    judge: str | None = None
    """A model that compares answers (`coig-writer judge pairwise`)."""
    rankings: tuple[str, ...] = ()
    """Rankings by people, of models by the names that the answers have."""
    level: float = Field(50.0, gt=0, lt=100)
    """The win rate, in per cent, that a threshold is looked for at."""


class Experiment(_Table):
    """One ablation."""

    name: str = Field(pattern=r"^[\w.-]+$")
    data: Data
    bases: tuple[str, ...] = Field(min_length=1)
    """Models to start from, by any name that `train sft --model` takes."""
    train: dict[str, Any] = {}
    """Settings of `train sft`, by their names with underscores; the paper's where none is given."""
    launch: tuple[str, ...] = ()
    """What starts the training in place of this Python, such as `accelerate launch … -m coig_writer`."""
    infer: Infer = Infer()
    evaluate: Evaluate = Evaluate()

    @field_validator("train")
    @classmethod
    def _known(cls, values: dict[str, Any]) -> dict[str, Any]:
        if "seed" in values:
            raise ValueError("seeds stand in data.seeds")
        TrainSettings(**values)
        return values

    def cells(self) -> list[Cell]:
        """Every model that is trained, in the order of the file."""
        data = self.data
        sets = [
            (languages, count, seed)
            for languages, count, seed in product(data.languages or ((),), data.creative_counts or (None,), data.seeds)
        ]
        return [
            Cell(base, languages, creative, general, seed)
            for base, (languages, creative, seed) in product(self.bases, sets)
            for general in (*data.counts, *([None] if data.alone else []))
        ]


@dataclass(frozen=True)
class Cell:
    """One point of the grid: one model to train."""

    base: str
    languages: tuple[str, ...]
    """Of its triplets; empty for all."""
    creative: int | None
    """Triplets; None for all."""
    general: int | None
    """General examples; None: the set without triplets."""
    seed: int

    @property
    def recipe(self) -> str:
        """The mixture's name, as `dataset mix` calls it."""
        return "g" if self.general is None else f"cw-{self.general}" if self.general else "cw"

    @property
    def pool(self) -> str:
        """The triplets it draws on."""
        return f"{'+'.join(self.languages) or 'all'}-{'all' if self.creative is None else self.creative}"

    @property
    def name(self) -> str:
        short = re.sub(r"[^\w.-]+", "_", self.base.rstrip("/").rpartition("/")[2].removesuffix(".gguf"))
        return f"{short}.{self.pool}.s{self.seed}.{self.recipe}"


def read_experiment(path: Path) -> Experiment:
    """The experiment of a TOML file; paths in it count from the file's folder.

    Raises:
        InputError: the file cannot be read or is no TOML.
        SettingError: a setting is unknown or makes no sense; names it.
    """
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"cannot read: {error}", where=str(path), remedy="It should be a TOML file.") from error
    try:
        found = Experiment.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise SettingError(
            f"{where}: {message}" if where else message, where=str(path), remedy="docs/experiment.md has all settings."
        ) from error
    names = [cell.name for cell in found.cells()]
    if len(set(names)) < len(names):
        raise SettingError("two base models have the same short name", where=str(path), remedy="Rename a folder.")
    return found


def located(name: str, beside: Path) -> str:
    """A path of the TOML file as an absolute one; names that are no paths there stay as they are."""
    path = beside / name
    return str(path.resolve()) if path.exists() else name
