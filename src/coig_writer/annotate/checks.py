"""What can be said about a draft without a model: quotations, inventions, lengths, language, tense, repetition.

These are the program's half of the coherence validation (paper, section 2.2, step 3). An error keeps
a draft from passing the gate; a warning is shown to the person who edits it.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache

from coig_writer.annotate.overlap import bare_text, longest_common_run, ngram_overlap, quoted_spans
from coig_writer.annotate.settings import AnnotateSettings
from coig_writer.llm.prompts import source
from coig_writer.schema import Article, Finding
from coig_writer.taxonomy import category_range, resolve

_NGRAM = 8
_REPEATED = 4
"""Characters of the runs that tell a Chinese text going round in circles: small models vary longer runs and repeat
these (`bench/false_alarms.py`). Other languages need the longer run; four letters are less than a word."""
_MARKED_NAME = re.compile(r"《([^》]{1,30})》|[“「]([^”」]{2,12})[”」]")
_LATIN_NAME = re.compile(r"\b[A-Z][A-Za-z]{2,}(?: [A-Z][A-Za-z]+)*\b")
_NAME_TAGS = {"nr", "nrt", "nrfg", "ns", "nt"}
_CONTENT_TAGS = ("n", "v", "a", "i", "l", "s", "t")
_ABOUT_WRITING = frozenset(
    """
    文章 作品 文体 主题 语言 语气 风格 结构 篇幅 开头 结尾 段落 作者 读者 写作 要求 描写 内容 情感 人物 故事 散文
    小说 诗歌 撰写 创作 表达 体现 通过 使用 需要 可以 应当 要写 左右 不要 避免 展现 突出 围绕 讲述 叙述 描述 进行
    具有 包括
    """.split()  # noqa: SIM905 - a list of forty quoted words would be no easier to read
)
"""Words that belong to the task of writing and say nothing about this prompt."""
CHAT_TALK = re.compile(
    r"请随时(?:告诉|联系|提问)|希望(?:这|以上|能)[^。！？\n]{0,6}(?:对你|对您|帮)|如果(?:你|您)(?:还)?有(?:任何|其他|什么)?(?:疑问|问题|任务|需要)|"
    r"祝(?:你|您)写作|作为(?:一个|一名)?(?:AI|人工智能|(?:大?语言)?模型|写作助手)|"
    r"\bas an ai\b|let me know if|i hope this helps",
    re.IGNORECASE,
)
_FINISHED = re.compile(
    r"(?:写完|完稿|定稿)(?:之?后|以后)|(?:本文|这篇(?:文章|散文|小说|诗)|全文|作者)(?:通过|运用|采用|以[^。]{1,12}为|成功|巧妙)"
    r"|(?:文章|作品)(?:已经|成功地?|巧妙地?)|最终(?:写成|完成)了"
)


def check_parts(
    article: Article, prompt: str, reasoning: str, settings: AnnotateSettings
) -> tuple[list[Finding], dict]:
    """Findings about prompt and reasoning beside their article, and the figures behind them.

    Args:
        article: with a genre that the taxonomy knows, or none (then no length is checked).

    Returns:
        findings, errors first; figures by name: lengths in characters, `*_longest_quote` in characters,
        `*_overlap_8gram`, `*_repetition`, `reasoning_response` as shares 0–1.
    """
    figures: dict[str, float] = {}
    findings = [
        *_one_part("prompt", prompt, article, settings, figures),
        *_one_part("reasoning", reasoning, article, settings, figures),
        *_inventions(prompt, article),
        *_response(prompt, reasoning, settings, figures),
        *_tense(reasoning),
    ]
    return sorted(findings, key=lambda finding: finding.severity != "error"), figures


def _one_part(part, text: str, article: Article, settings: AnnotateSettings, figures: dict) -> list[Finding]:
    bare, original = bare_text(text), bare_text(article.text)
    gram = _REPEATED if _is_chinese(article) else _NGRAM
    figures[f"{part}_length"] = len(text)
    figures[f"{part}_longest_quote"] = longest_common_run(bare, original)
    figures[f"{part}_overlap_8gram"] = round(ngram_overlap(bare, original, _NGRAM), 4)
    figures[f"{part}_repetition"] = round(repetition(bare, gram), 4)

    def error(rule: str, message: str, span: str | None = None) -> Finding:
        return Finding(rule=rule, part=part, severity="error", message=message, span=span)

    found = [
        error("quoted-span", f"quotes {len(bare_text(span))} characters of the article", span)
        for span in quoted_spans(text, article.text, settings.longest_quote)
    ]
    found += [
        error("task-echo", f"repeats {len(bare_text(span))} characters of the task it was drafted by", span)
        for span in quoted_spans(text, _task(part), settings.longest_quote)
    ]
    found += [
        error("chat-talk", "talks to the person who asked, as a chat model does", match.group())
        for match in CHAT_TALK.finditer(text)
    ]
    overlap = figures[f"{part}_overlap_8gram"]
    if overlap > settings.most_overlap:
        found.append(error("overlap", f"{overlap:.0%} of its 8-grams stand in the article"))
    repeated = figures[f"{part}_repetition"]
    if repeated > settings.most_repetition:
        found.append(error("repetition", f"{repeated:.0%} of its {gram}-grams repeat earlier ones"))
    if _is_chinese(article) and (share := chinese_share(text)) < settings.least_chinese:
        found.append(error("language", f"only {share:.0%} of its letters are Chinese"))
    if article.genre:
        category = resolve(article.genre).category
        expected = category_range(category, part)
        if not expected.min <= len(text) <= expected.max:
            message = f"{len(text)} characters; published range of {category}: {expected.min:,.0f}–{expected.max:,.0f}"
            found.append(error("length", message))
    return found


@cache
def _task(part: str) -> str:
    return source("system") + "\n" + source(f"draft_{part}")


def _is_chinese(article: Article) -> bool:
    """By the record, else by its letters: articles that did not come through `corpus build` may not say."""
    return article.language == "zh" if article.language else chinese_share(article.text) >= 0.5


def repetition(bare: str, gram: int) -> float:
    """Share (0–1) of a bare text's runs of `gram` characters that are repetitions of earlier ones."""
    grams = [bare[start : start + gram] for start in range(len(bare) - gram + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


_LETTERS = re.compile(r"[^\W\d_]+")
_HAN = re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]+")


def chinese_share(text: str) -> float:
    """Share (0–1) of Han characters among a text's letters; 1 for a text without letters."""
    letters = sum(map(len, _LETTERS.findall(text)))
    return sum(map(len, _HAN.findall(text))) / letters if letters else 1.0


def named_things(text: str) -> list[str]:
    """Names in a Chinese text: in 《》 or quotation marks, in Latin letters, persons and places by jieba's tags."""
    marked = [title or quoted for title, quoted in _MARKED_NAME.findall(text)]
    tagged = [word for word, tag in _tagged(text) if tag in _NAME_TAGS and len(word) > 1]
    return list(dict.fromkeys([*marked, *_LATIN_NAME.findall(text), *tagged]))


def _inventions(prompt: str, article: Article) -> list[Finding]:
    original = bare_text(article.text + (article.title or ""))
    return [
        Finding(
            rule="not-in-article",
            part="prompt",
            severity="warning",
            message=f"“{name}” does not occur in the article",
            span=name,
        )
        for name in named_things(prompt)
        if bare_text(name) not in original
    ]


def _response(prompt: str, reasoning: str, settings: AnnotateSettings, figures: dict) -> list[Finding]:
    words = content_words(prompt)
    missing = [word for word in words if word not in reasoning]
    share = 1 - len(missing) / len(words) if words else 1.0
    figures["reasoning_response"] = round(share, 4)
    if share >= settings.least_response:
        return []
    message = f"takes up {share:.0%} of the prompt's content words; missing: {'、'.join(missing[:8])}"
    return [Finding(rule="unmet-requirements", part="reasoning", severity="error", message=message)]


def content_words(text: str) -> list[str]:
    """A text's nouns, verbs and adjectives of two characters or more, without the vocabulary of writing tasks."""
    counts = Counter(
        word
        for word, tag in _tagged(text)
        if len(word) > 1 and tag.startswith(_CONTENT_TAGS) and word not in _ABOUT_WRITING
    )
    return list(counts)


def _tense(reasoning: str) -> list[Finding]:
    return [
        Finding(
            rule="past-tense",
            part="reasoning",
            severity="warning",
            message="speaks of a finished text; reasoning is written before the article",
            span=match.group(),
        )
        for match in _FINISHED.finditer(reasoning)
    ]


@lru_cache(maxsize=64)
def _tagged(text: str) -> tuple[tuple[str, str], ...]:
    """Words with their parts of speech, jieba's by rjieba; a prompt is asked for twice in a row."""
    import rjieba

    return tuple(rjieba.tag(text))
