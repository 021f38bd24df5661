"""Which models there are and how to reach them.

A model is named by a registry name, by `URL#model-id`, by `hf:REPO/FILE.gguf`, or by `embedded`,
which is always there. The registry is TOML, one table a model; `docs/models.md` shows the fields.
Keys never stand in it: an entry names the environment variable that holds its key.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from coig_writer.errors import SettingError

EMBEDDED = "embedded"
"""The model that needs no server of yours: `llm/embedded.py` starts it on loopback."""
EMBEDDED_MODEL = "Qwen2.5-Coder-0.5B-Instruct-Q4_K_M"
"""What it is; scores it gives are signed with this."""
LOCAL_CONCURRENCY = 4
"""Calls at once on a local server; llama.cpp on two cores writes no more a second with eight."""
LOCAL_SAMPLING: dict[str, Any] = {
    "temperature": 0.7,
    "top_p": 0.9,
    "seed": 1,
    "max_tokens": 2048,
    "dry_multiplier": 2.0,
    "dry_allowed_length": 3,
    "dry_penalty_last_n": 8192,
    "dry_sequence_breakers": ["\n"],
    "presence_penalty": 1.0,
    "repeat_last_n": 400,
    "samplers": ["top_k", "penalties", "dry", "top_p", "temperature"],
}
"""Small models fall into loops and copy what they read. llama.cpp's penalty on repeated runs (DRY) keeps them from most
of it, if it looks back over the whole context and is not stopped by the quotation marks of JSON; and the penalty on
words of the last few sentences keeps them from saying one thing over and over. Only the likeliest words are weighed so
(`top_k`, 40 by llama.cpp's default, comes first): weighing all 150,000 costs a twelfth of the speed."""
PENALTIES = ("presence_penalty", "frequency_penalty", "repeat_penalty", "dry_multiplier")
"""Settings that make a word less likely because it has been used; a mark must not depend on them."""
_LOCAL: dict[str, Any] = {"concurrency": LOCAL_CONCURRENCY, "sampling": LOCAL_SAMPLING}
REGISTRY_VARIABLE = "COIG_WRITER_MODELS"
"""Names a registry file that is read instead of the two usual ones."""
KEY_VARIABLE = "COIG_WRITER_API_KEY"
"""Holds the key that goes with a model named as `URL#model-id`."""


class ModelSpec(BaseModel):
    """All there is to know about a model before talking to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """As the user calls it."""
    base_url: str | None = None
    """Where `/chat/completions` lives, usually ending in `/v1`; None: a local server is started for it."""
    model: str = Field(min_length=1)
    """The id that is sent to the server; part of what makes an answer reusable."""
    api_key_env: str | None = None
    """The environment variable that holds the key; None sends no key."""
    sampling: dict[str, Any] = {}
    """Such as temperature, top_p, seed, max_tokens; sent as they are."""
    context: int | None = Field(None, gt=0)
    """Tokens that prompt and answer may fill together."""
    concurrency: int = Field(16, ge=1)
    """Most calls in flight at once."""
    timeout: float = Field(300, gt=0)
    """Seconds that one call may take."""
    price_prompt: float | None = Field(None, ge=0)
    """Per million prompt tokens."""
    price_completion: float | None = Field(None, ge=0)
    """Per million completion tokens."""
    price_cached: float | None = Field(None, ge=0)
    """Per million prompt tokens that the server took from its cache; None: as other prompt tokens."""
    currency: str = "USD"
    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    """What the server understands as `response_format`."""
    extra_body: dict[str, Any] = {}
    """Further fields of the request, such as `{"chat_template_kwargs": {"enable_thinking": false}}`."""

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str | None) -> str | None:
        return None if url is None else plain_url(url)

    @model_validator(mode="after")
    def _reachable(self) -> ModelSpec:
        if self.base_url is None and self.name != EMBEDDED and not self.model.startswith("hf:"):
            raise ValueError("base_url is missing (only `embedded` and `hf:` models go without)")
        if self.name == EMBEDDED and self.model != EMBEDDED_MODEL:
            raise ValueError("model: `embedded` is the packaged model; describe another one under its own name")
        if self.base_url and self.local:
            raise ValueError("base_url: `embedded` and `hf:` models are served on this machine and have none")
        return self

    @property
    def local(self) -> bool:
        """Whether this software serves it, on this machine, with as many slots as `concurrency`."""
        return self.name == EMBEDDED or self.model.startswith("hf:")

    def cost(self, prompt_tokens: int, completion_tokens: int, cached_tokens: int) -> float | None:
        """What these tokens cost in `currency`; None when the prices are not known.

        Args:
            prompt_tokens: all prompt tokens, the cached ones among them.
        """
        if self.price_prompt is None or self.price_completion is None:
            return None
        cached_price = self.price_prompt if self.price_cached is None else self.price_cached
        fresh = prompt_tokens - cached_tokens
        millions = fresh * self.price_prompt + cached_tokens * cached_price + completion_tokens * self.price_completion
        return millions / 1e6


def plain_url(url: str) -> str:
    """`url` without a trailing slash or `/chat/completions`.

    Raises:
        ValueError: not an http(s) URL, or one with a user, password or query, which would reach logs.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("base_url must start with http:// or https:// and name a host")
    if parts.username is not None or parts.password is not None or parts.query:
        raise ValueError("base_url must not hold credentials or a query; name the key's variable in api_key_env")
    return url.strip().rstrip("/").removesuffix("/chat/completions").rstrip("/")


def registry_files(folder: Path = Path()) -> list[Path]:
    """The registry files that are read, the most important first; they need not exist.

    The file named by COIG_WRITER_MODELS alone if that is set, else `models.toml` in `folder`, then the
    user's own `models.toml`.
    """
    named = os.environ.get(REGISTRY_VARIABLE)
    if named:
        return [Path(named).expanduser()]
    return [folder / "models.toml", platformdirs.user_config_path("coig-writer") / "models.toml"]


def load_registry(folder: Path = Path()) -> dict[str, ModelSpec]:
    """All named models; where two files name the same one, the more important file wins.

    Raises:
        SettingError: a file is missing although COIG_WRITER_MODELS names it, is not TOML, or
            describes a model wrongly; says file and line.
    """
    models = {EMBEDDED: ModelSpec(name=EMBEDDED, model=EMBEDDED_MODEL, **_LOCAL)}
    for path in reversed(registry_files(folder)):
        models |= _read_registry(path)
    return models


def resolve(name: str, folder: Path = Path()) -> ModelSpec:
    """The model that `name` stands for: a registry name, `URL#model-id`, `hf:REPO/FILE.gguf` or `embedded`.

    Args:
        folder: where `models.toml` is looked for, besides the user's own.

    Raises:
        SettingError: there is no such model; names the nearest and the file to edit.
    """
    if "://" in name:
        return _from_url(name)
    if name.startswith("hf:"):
        if not re.fullmatch(r"hf:[^/\s]+/[^/\s]+/\S+\.gguf", name):
            raise SettingError(
                f"cannot read {name!r} as a file on the hub",
                remedy="Write hf:OWNER/REPOSITORY/FILE.gguf.",
            )
        return ModelSpec(name=name, model=name, **_LOCAL)
    models = load_registry(folder)
    if name in models:
        return models[name]
    nearest = difflib.get_close_matches(name, models, n=1, cutoff=0.5)
    hint = f"; did you mean {nearest[0]!r}" if nearest else ""
    raise SettingError(
        f"unknown model {name!r}{hint}",
        remedy=f"Describe it in {registry_files()[-1]}, or name it as URL#model-id; "
        "`coig-writer models list` shows what there is.",
    )


def _from_url(name: str) -> ModelSpec:
    url, _, model = name.partition("#")
    if not model:
        raise SettingError(f"{url} does not say which model", remedy="Write URL#model-id.")
    key = KEY_VARIABLE if os.environ.get(KEY_VARIABLE) else None
    try:
        return ModelSpec(name=name, base_url=url, model=model, api_key_env=key)
    except ValidationError as error:
        raise SettingError(_reason(error), where="--model", remedy="Write http(s)://HOST/v1#model-id.") from None


def _read_registry(path: Path) -> dict[str, ModelSpec]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        if os.environ.get(REGISTRY_VARIABLE):
            raise SettingError(
                "no such registry file", where=str(path), remedy=f"Mend or unset {REGISTRY_VARIABLE}."
            ) from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"cannot read the model registry: {error}", where=str(path)) from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"{path}:{line[1]}" if line else f"{path}:{text.count(chr(10)) + 1}"
        raise SettingError(f"not TOML: {error}", where=where, remedy="Mend this line.") from error
    wrong = [key for key in tables if key != "models"]
    if wrong or not isinstance(tables.get("models", {}), dict):
        key = wrong[0] if wrong else "models"
        raise SettingError(
            f"unexpected {key!r} in a model registry",
            where=f"{path}:{_line_of(text, key)}",
            remedy="Each model is a table [models.NAME].",
        )
    return {name: _spec(name, table, text, path) for name, table in tables.get("models", {}).items()}


def _spec(name: str, table: Any, text: str, path: Path) -> ModelSpec:
    try:
        default: dict[str, Any] = {"model": EMBEDDED_MODEL} if name == EMBEDDED else {}
        if not table.get("base_url"):
            default |= _LOCAL
        return ModelSpec.model_validate({**default, **table, "name": name})
    except (ValidationError, TypeError, AttributeError) as error:
        field = _field(error)
        remedy = f"Mend [models.{name}]; docs/models.md lists the fields."
        if field and "key" in field:
            remedy = "Keys stay out of files: put it into an environment variable and name that in api_key_env."
        raise SettingError(
            f"model {name!r}: {_reason(error)}",
            where=f"{path}:{_line_of(text, f'models.{name}.{field}', f'models.{name}')}",
            remedy=remedy,
        ) from None


def _field(error: Exception) -> str | None:
    location = error.errors()[0]["loc"] if isinstance(error, ValidationError) else ()
    return str(location[0]) if location else None


def _reason(error: Exception) -> str:
    """What is wrong, without the value, which may be a key pasted into the wrong place."""
    if not isinstance(error, ValidationError):
        return "must be a table of settings"
    reason = error.errors()[0]["msg"].removeprefix("Value error, ")
    field = _field(error)
    return f"{field}: {reason}" if field and field not in reason else reason


def _line_of(text: str, *paths: str) -> int:
    """The line of the first of the dotted `paths` that stands in a TOML text; 1 when none does."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^\]]+)\]", line):
            table = re.sub(r"[\s\"']", "", header[1])
            lines.setdefault(table, number)
        elif key := re.match(r"\s*[\"']?([^\s\"'=#]+)", line):
            lines.setdefault(f"{table}.{key[1]}".lstrip("."), number)
    return next((lines[path] for path in paths if path in lines), 1)
