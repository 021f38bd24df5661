"""A record of any known shape to a triplet: told by its own keys, strict about what they mean.

Known shapes: our own (`article` is an object), the published record, the earlier hub record, columns under looser
names, OpenAI messages, ShareGPT, Alpaca, and TRL's prompt-completion. In the conversations the reasoning stands in
`<think>` before the article, or in `reasoning_content`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from coig_writer.dataset.conversation import prompt_and_answer
from coig_writer.dataset.counts import slug_of
from coig_writer.dataset.score_text import UNNAMED, read_scores
from coig_writer.dataset.strict_json import Doubled, parse
from coig_writer.schema import DIMENSIONS, Triplet, article_id

NO_GENRE = "unknown"
"""Stands for the genre of a record that names none; `dataset validate` asks for it."""

NO_PLACE = "there is no place for this column"
_NAMES: dict[str, tuple[str, ...]] = {
    ours: tuple(names.split())
    for ours, names in {
        "prompt": "reverse_inspiration_prompt query prompt question 提示 提示词 指令 写作要求",
        "reasoning": "reasoning_process thought thoughts reasoning thinking reasoning_content cot think 思路 思考 推理",
        "article": "article answer output response completion text content story 文章 正文 答案 作品",
    }.items()
}
"""Part → the columns that hold it, the likeliest first."""
_PART_NAMES = {*(name for names in _NAMES.values() for name in names), "instruction", "input", "completion"}
_NO_TEXT = "holds characters that are no text, such as lone surrogates or bytes in another encoding"
_ABOUT: dict[str, tuple[str, ...]] = {
    ours: tuple(names.split())
    for ours, names in {
        "id": "id",
        "genre": "genre query_type type 体裁 文体 类型",
        "title": "title 标题",
        "author": "author 作者",
        "url": "url link 链接",
        "platform": "platform 平台",
        "published": "published date 发布日期",
        "language": "language lang 语言",
        "licence": "licence license 许可",
        "drafted_by": "drafted_by",
    }.items()
}
_OURS = {name: (ours, rank) for ours, names in _ABOUT.items() for rank, name in enumerate(names)}
_SCORED = ("quality_score", "creativity_score", "scores", "scored_by", "score", "reviewed")
_DERIVED = ("category", "reasoning_characters")
"""Follow from the rest, so that nothing is lost when they are not kept."""
_ACCEPTED = [{"by": UNNAMED, "verdict": "accept", "comment": "stated by the file"}]
_CHATS = ("messages", "conversations", "conversation")


class Unusable(ValueError):
    """Why a record is no triplet, and the field at fault."""

    def __init__(self, field: str, reason: str):
        super().__init__(reason)
        self.field = field


class Losses(list[tuple[str, str]]):
    """(field, reason) of what a triplet could not take along."""


def triplet_of(record: Any, losses: Losses, genre: str | None = None) -> Triplet:
    """The triplet in `record`.

    Args:
        record: as JSON or a table gave it.
        losses: gets what is not kept: values that mean nothing known, columns that a triplet has no place for.
        genre: for records that name none.

    Raises:
        Unusable: a part is missing or is not text; names the field.
    """
    if not isinstance(record, Mapping):
        raise Unusable("record", f"not an object but {_kind(record)}")
    if isinstance(record.get("article"), Mapping):
        return in_taxonomy(_ours(record), genre)
    flat = _flattened(record, losses)
    taken: set[str] = set()
    prompt, reasoning, text = _parts(flat, taken, losses)
    about = _about(flat, taken, losses)
    scores, stated, reviewed = _scored(flat, taken, losses)
    for name in flat:
        if name not in taken and flat[name] and not _is_nan(flat[name]):
            losses.append((name, NO_PLACE))
    identity, drafted_by = about.pop("id", None), about.pop("drafted_by", None)
    genre = slug_of(str(about.pop("genre", None) or genre or NO_GENRE))
    article = {"id": article_id(text), "text": text, **about}
    if genre != NO_GENRE:
        article["genre"] = genre
    whole: dict[str, Any] = {
        "id": identity or article["id"],
        "prompt": prompt,
        "reasoning": reasoning,
        "article": article,
        "genre": genre,
        "scores": [scores] if scores else [],
        "stated_scores": stated,
        "reviews": _ACCEPTED if reviewed else [],
        **({"provenance": {"drafted_by": drafted_by}} if drafted_by else {}),
    }
    return _validated(whole, losses)


def _validated(whole: dict[str, Any], losses: Losses) -> Triplet:
    """One validation of all, since it costs most; what means nothing, such as a broken date, is left out and told."""
    while True:
        try:
            return Triplet.model_validate(whole)
        except ValidationError as error:
            first = error.errors()[0]
            place = first["loc"]
            if len(place) > 1 and place[0] == "article" and place[1] not in ("id", "text"):
                losses.append((str(place[1]), f"{whole['article'].pop(place[1])!r:.60}: {first['msg']}"))
            elif place[0] == "scores":
                losses.append(("scores", f"{'.'.join(map(str, place[2:]))}: {first['msg']}"))
                whole["scores"] = []
            else:
                raise _unusable(error) from error


def in_taxonomy(triplet: Triplet, genre: str | None = None) -> Triplet:
    """The triplet with slugs of the taxonomy and codes of languages where it spells them otherwise.

    `genre` is for one that names none.
    """
    slug = slug_of(genre if genre and triplet.genre == NO_GENRE else triplet.genre)
    article = triplet.article
    of_article = slug_of(article.genre) if article.genre else article.genre
    language = language_code(article.language) if article.language else article.language
    if slug == triplet.genre and of_article == article.genre and language == article.language:
        return triplet
    article = article.model_copy(update={"genre": of_article, "language": language})
    return triplet.model_copy(update={"genre": slug, "article": article})


@lru_cache(1024)
def language_code(said: str) -> str:
    """The ISO 639-1 code of a language, as `zh` for zh-CN, Chinese or 中文; one that is not known stays as it is."""
    named = said.strip().lower()
    return next((code for code, names in _LANGUAGES.items() if named.split("-")[0].split("_")[0] in names), said)


_LANGUAGES = {
    "zh": {"zh", "zho", "chi", "cmn", "chinese", "mandarin", "中文", "汉语", "漢語", "简体中文", "繁體中文"},
    "en": {"en", "eng", "english", "英文", "英语", "英語"},
}


def prompt_alone(record: Any) -> str | None:
    """The prompt of a record that has no article, such as a benchmark's query; None if it has one, or no prompt."""
    if not isinstance(record, Mapping) or any(name in record for name in (*_CHATS, "completion", *_NAMES["article"])):
        return None
    found = (record.get(name) for name in (*_NAMES["prompt"], "instruction"))
    return next((text for text in found if isinstance(text, str) and text.strip()), None)


def _ours(record: Mapping[str, Any]) -> Triplet:
    try:
        return Triplet.model_validate_json(json.dumps(record, default=_plain))
    except ValidationError as error:
        raise _unusable(error) from error
    except RecursionError as error:
        raise Unusable("record", "nested too deeply") from error


def _plain(value: Any) -> Any:
    """What a table holds and JSON does not."""
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    raise Unusable("record", f"not text but {_kind(value)}")


def _unusable(error: ValidationError) -> Unusable:
    first = error.errors()[0]
    return Unusable(".".join(map(str, first["loc"])) or "record", first["msg"])


def _flattened(record: Mapping[str, Any], losses: Losses) -> dict[str, Any]:
    """The record's own columns, then those of `metadata`; a table names the latter `metadata.genre`."""
    own = dict(record)
    inner = own.pop("metadata", None)
    if isinstance(inner, str) and inner.lstrip().startswith("{"):
        inner = _json(inner)
    if isinstance(inner, Mapping):
        twice = [name for name in inner if name in own and own[name] != inner[name]]
        losses += [(f"metadata.{name}", f"the record itself says another {name}, which is kept") for name in twice]
        own = {**inner, **own}
    elif inner not in (None, ""):
        own["metadata"] = inner
    for name in [name for name in own if name.startswith("metadata.")]:
        value, short = own.pop(name), name.removeprefix("metadata.")
        if value is not None and own.get(short) not in (None, value):
            losses.append((name, f"the record itself says another {short}, which is kept"))
        elif own.get(short) is None:
            own[short] = value
    for name in [name for name, value in own.items() if isinstance(value, str) and not _is_text(value)]:
        if name in _PART_NAMES:
            raise Unusable(name, _NO_TEXT)
        losses.append((name, _NO_TEXT))
        own[name] = None
    return own


def _parts(flat: dict[str, Any], taken: set[str], losses: Losses) -> tuple[str, str, str]:
    """Prompt, reasoning, article."""
    chat = next((name for name in _CHATS if flat.get(name)), None)
    if chat:
        taken.update((chat, "system"))
        turns = _json(flat[chat]) if isinstance(flat[chat], str) else flat[chat]
        return _from_turns(turns, chat, flat, losses)
    if "completion" in flat and "prompt" in flat:
        taken.update(("prompt", "completion"))
        return _from_turns(
            [*_turns(flat["prompt"], "prompt"), *_turns(flat["completion"], "completion")], "completion", flat, losses
        )
    if "instruction" in flat and "output" in flat:
        taken.update(("instruction", "input", "output", "system", "history"))
        if flat.get("history"):
            raise Unusable("history", "earlier turns: a triplet has one prompt and one answer")
        asked = [_text(flat["instruction"], "instruction")]
        asked += [_text(flat["input"], "input")] if flat.get("input") else []
        said = [{"role": "user", "content": "\n".join(asked)}, {"role": "assistant", "content": flat["output"]}]
        return _from_turns(said, "output", flat, losses)
    return _column("prompt", flat, taken), _column("reasoning", flat, taken), _column("article", flat, taken)


def _turns(value: Any, name: str) -> list[Any]:
    """TRL's conversational form is a list of messages, its plain form a text."""
    if isinstance(value, str) and value.lstrip().startswith("[{"):
        value = _json(value)
    if isinstance(value, str):
        return [{"role": "user" if name == "prompt" else "assistant", "content": value}]
    if not isinstance(value, list):
        raise Unusable(name, "neither text nor a list of messages")
    return value


def _from_turns(turns: Any, field: str, flat: dict[str, Any], losses: Losses) -> tuple[str, str, str]:
    try:
        unplaced: list[str] = []
        system, *parts = prompt_and_answer(turns, flat.get("reasoning_characters"), unplaced)
    except ValueError as error:
        raise Unusable(field, str(error)) from error
    if not all(map(_is_text, parts)):
        raise Unusable(field, _NO_TEXT)
    prompt, reasoning, article = parts
    losses += [(f"{field}.{name}", NO_PLACE) for name in unplaced]
    if system or flat.get("system"):
        losses.append(("system", "a triplet has no place for a system message"))
    return prompt, reasoning, article


def _column(part: str, flat: dict[str, Any], taken: set[str]) -> str:
    for name in _NAMES[part]:
        if flat.get(name) is not None:
            taken.add(name)
            return _text(flat[name], name)
    inside = next((name for name, value in flat.items() if _holds_objects(value)), None)
    hint = f"; there are objects inside {inside}: give them by themselves" if inside else ""
    raise Unusable(part, f"no {part}: none of the columns {', '.join(_NAMES[part][:4])} … is there{hint}")


def _holds_objects(value: Any) -> bool:
    return isinstance(value, Mapping | list) and any(isinstance(each, Mapping) for each in [*value][:1])


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise Unusable(field, f"not text but {_kind(value)}")
    if not value.strip():
        raise Unusable(field, "empty")
    return value


def _about(flat: dict[str, Any], taken: set[str], losses: Losses) -> dict[str, Any]:
    """What the columns beside the three parts say, under our names."""
    found: dict[str, tuple[int, str, Any]] = {}
    for name, value in flat.items():
        known = _OURS.get(name)
        if known is None or name in taken:
            continue
        taken.add(name)
        if value is None or _is_nan(value) or (isinstance(value, str) and not value.strip()):
            continue
        if not isinstance(value, str | int | date) or isinstance(value, bool):
            losses.append((name, f"not text but {_kind(value)}"))
            continue
        ours, rank = known
        other = found.get(ours)
        if other and other[2] != value:
            losses.append((max(other[:2], (rank, name))[1], f"two columns say the {ours}; the other is kept"))
        if not other or rank < other[0]:
            found[ours] = rank, name, value
    taken.update(_DERIVED)
    return {ours: _said(ours, value) for ours, (_, _, value) in found.items()}


def _said(ours: str, value: Any) -> Any:
    """A workbook's date has a time of day, and an id may be a number."""
    if isinstance(value, date):
        return value.isoformat()[:10]
    if ours == "language" and isinstance(value, str):
        return language_code(value)
    return str(value) if ours in ("id", "title", "author", "drafted_by") else value


def _scored(flat: dict[str, Any], taken: set[str], losses: Losses) -> tuple[Any, Any, bool]:
    """Six scores with their scorer or None, else the sums that are stated or None; whether a person has accepted."""
    taken.update(_SCORED)
    accepted = _accepted(flat.get("reviewed"), losses)
    six, text, by = flat.get("scores"), flat.get("score"), flat.get("scored_by")
    stated: dict[str, int] = {}
    if isinstance(text, str) and text.strip():
        told = read_scores(text)
        losses += [("score", line) for line in told.unread]
        accepted = accepted or told.reviewed
        if told.scores:
            return told.scores, None, accepted
        stated = told.stated.model_dump() if told.stated else {}
    if "scores.article_quality" in flat:  # a table has one column each
        six = six or {name: flat.get(f"scores.{name}") for name in DIMENSIONS}
        taken.update(f"scores.{name}" for name in DIMENSIONS)
    if isinstance(six, str) and six.strip():
        six = _json(six)
    sums = _sums(flat, text, losses)
    if isinstance(six, Mapping) and any(six.values()):
        given = {name: _number(six.get(name)) for name in DIMENSIONS}
        losses += [(f"scores.{name}", NO_PLACE) for name in six if name not in DIMENSIONS]
        total = sum(value or 0 for value in given.values())
        if None not in given.values() and sums.get("total", total) != total:
            losses.append(("quality_score", f"says {sums['total']}, the six scores add up to {total}, which is kept"))
        return {**given, "by": by or UNNAMED}, None, accepted
    if six and not isinstance(six, Mapping) and not _is_nan(six):
        losses.append(("scores", f"{six!r:.60} is no object with the six scores"))
    if by and not _is_nan(by):
        losses.append(("scored_by", "there are no six scores that it could belong to"))
    return None, {**stated, **sums} or None, accepted


def _accepted(reviewed: Any, losses: Losses) -> bool:
    """Whether `reviewed` says yes; what is neither yes nor no is told."""
    said = str(reviewed).strip().lower()
    if reviewed is None or _is_nan(reviewed) or said in ("", "false", "no", "0", "0.0", "否"):
        return False
    if said in ("true", "yes", "1", "1.0", "是"):
        return True
    losses.append(("reviewed", f"{reviewed!r:.60} is neither true nor false"))
    return False


def _sums(flat: dict[str, Any], score: Any, losses: Losses) -> dict[str, int]:
    """The total and the creativity score that are stated; a `score` that is no text stands for the total."""
    stated: dict[str, int] = {}
    bare = None if isinstance(score, str) or _is_nan(score) else score
    columns = (("score", "total", 60), ("quality_score", "total", 60), ("creativity_score", "creativity", 10))
    for column, name, most in columns:
        value = bare if column == "score" else flat.get(column)
        if value is None or value == "" or _is_nan(value):
            continue
        number = _number(value)
        if number is None or not 0 <= number <= most:
            losses.append((column, f"{value!r:.60} is not a whole number from 0 to {most}"))
        else:
            stated[name] = number
    return stated


def _number(value: Any) -> int | None:
    """A whole number, also as text or as a float, as tables have it."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d{1,9})(\.0+)?\s*", value)):
        return int(match[1])
    value = float(value) if isinstance(value, Decimal) else value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e9:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: Any) -> str:
    """What a value is, in the words of JSON."""
    if _is_nan(value):
        return "NaN"
    kinds = {bool: "true or false", str: "text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return "null" if value is None else kinds.get(type(value), type(value).__name__)


def _json(text: str) -> Any:
    try:
        return parse(text)
    except Doubled:
        raise
    except ValueError:
        return text
