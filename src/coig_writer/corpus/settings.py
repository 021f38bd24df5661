"""Every setting of the corpus room: what it means, its default, and how a TOML file or the command line sets it."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from coig_writer.corpus.fields import ALIASES
from coig_writer.errors import SettingError


class CorpusSettings(BaseModel):
    """How texts are read, cleaned, judged and chosen. Densities are counted per 1,000 characters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str] = Field({}, alias="map", description="Our column → the source's column; wins over aliases.")
    max_record_bytes: int = Field(
        16 * 2**20, ge=1024, description="A line, record or page longer than this is refused."
    )

    language: str = Field("zh", description="ISO 639-1 code of the texts to keep, or `any`.")
    script: Literal["keep", "hans", "hant"] = Field("keep", description="Convert Chinese to this script, or keep it.")
    min_characters: int = Field(
        12, ge=1, description="Shorter texts are refused; 12 is the shortest published article."
    )
    max_characters: int = Field(100_000, ge=1, description="Longer texts are refused.")

    min_completeness: float = Field(0.5, ge=0, le=1, description="Least completeness score.")
    min_format: float = Field(0.5, ge=0, le=1, description="Least format score.")
    min_errors: float = Field(0.5, ge=0, le=1, description="Least score for freedom from errors.")
    min_logic: float = Field(0.5, ge=0, le=1, description="Least logic score.")
    min_creativity: float = Field(0.5, ge=0, le=1, description="Least creativity score.")

    unsegmented_characters: int = Field(1500, ge=1, description="A paragraph longer than this is an unsegmented block.")
    markup_density: float = Field(5, ge=0, description="Leftover tags and entities (density) that refuse a text.")
    boilerplate_share: float = Field(
        0.3, ge=0, le=1, description="Share of lines of site furniture that refuses a text."
    )
    contents_share: float = Field(
        0.3, ge=0, le=1, description="Share of lines with dot leaders that makes a contents page."
    )
    advertisement_density: float = Field(
        12, ge=0, description="Sales phrases (density) that, beside a contact, make an advertisement."
    )
    replacement_density: float = Field(1, ge=0, description="Replacement characters (density) that refuse a text.")
    garbled_share: float = Field(0.03, ge=0, le=1, description="Share of garbled characters that refuses a text.")
    repeated_run: int = Field(6, ge=3, description="This many immediate repetitions of a phrase are a repeated run.")
    unpaired_share: float = Field(
        0.5, ge=0, le=1, description="Share of quotes and brackets without partner that refuses a text."
    )
    repeated_paragraph_share: float = Field(
        0.2, ge=0, le=1, description="Share of text in repeated paragraphs that refuses it."
    )
    cliche_density: float = Field(12, ge=0, description="Stock phrases (density) that refuse a text.")
    min_variety: float = Field(
        0.5, ge=0, le=1, description="Least share of distinct character pairs in 500 characters."
    )

    published_after: date = Field(date(2022, 10, 31), description="Texts of this day or earlier are refused.")
    allow_undated: bool = Field(False, description="Keep texts without any date.")
    max_date_gap_days: int = Field(30, ge=0, description="Two dates of a text further apart than this refuse it.")
    same_url: Literal["reject", "keep"] = Field("reject", description="What to do with further texts of one URL.")
    min_engagement_percentile: float | None = Field(
        None, ge=0, le=1, description="Least engagement within the platform; texts without figures pass."
    )
    personal_data: Literal["mask", "flag", "reject"] = Field("mask", description="What to do with personal data found.")
    near_duplicate_similarity: float = Field(
        0.45, gt=0, le=1, description="Least Jaccard similarity of the 5-character sequences of near-duplicates."
    )

    @field_validator("columns")
    @classmethod
    def _columns_are_known(cls, columns: dict[str, str]) -> dict[str, str]:
        for ours, theirs in columns.items():
            if ours not in ALIASES:
                raise ValueError(f"{ours!r} is none of our columns, which are {', '.join(ALIASES)}")
            if not theirs:
                raise ValueError(f"{ours!r} is mapped to a column without a name")
        return columns

    @field_validator("language")
    @classmethod
    def _language_is_a_code(cls, language: str) -> str:
        if not re.fullmatch("any|[a-z]{2}", language):
            raise ValueError(f"{language!r} is neither `any` nor a code of two small letters such as `zh`")
        return language

    def changed(self, **values: Any) -> CorpusSettings:
        """A copy with the given values, validated; those that are None stay as they are, `map` is added to.

        Raises:
            SettingError: a value makes no sense.
        """
        given = {name: value for name, value in values.items() if value is not None}
        if "map" in given:
            given["map"] = self.columns | given["map"]
        return _validated({**self.model_dump(by_alias=True), **given}, where="options")


def load_settings(path: Path | None) -> CorpusSettings:
    """The settings in a TOML file, or the defaults where `path` is None.

    Raises:
        SettingError: the file is missing, is no TOML, or holds an unknown name or an impossible value.
    """
    if path is None:
        return CorpusSettings()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"cannot read: {error.strerror}", where=str(path), remedy="Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(
            f"not a TOML file: {error}", where=str(path), remedy="Mend the line that is named."
        ) from error
    return _validated(values, where=str(path))


def parse_columns(pairs: list[str]) -> dict[str, str]:
    """The mapping in options such as `text=内容`.

    Raises:
        SettingError: one is no pair, or names a column that does not exist here.
    """
    mapping = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        if not equals or not theirs or ours not in ALIASES:
            raise SettingError(
                f"{pair!r} does not map a column",
                where="--map",
                remedy=f"Write OURS=THEIRS, where OURS is one of {', '.join(ALIASES)}.",
            )
        mapping[ours] = theirs
    return mapping


def _validated(values: dict[str, Any], where: str) -> CorpusSettings:
    try:
        return CorpusSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        day = "Write the day as 2022-10-31. " if first["type"].startswith("date_") else ""
        raise SettingError(
            f"setting {name!r}: {first['msg'].removeprefix('Value error, ')}",
            where=where,
            remedy=f"{day}docs/corpus.md lists the settings and their values.",
        ) from error
