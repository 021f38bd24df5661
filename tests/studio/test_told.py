"""What readers of files say is told in Chinese on a Chinese page, whatever is wrong with a file."""

import gzip
import re
from types import SimpleNamespace

import pytest

from coig_writer.corpus.candidates import CANDIDATE_COLUMNS
from coig_writer.dataset import build, containers
from coig_writer.dataset.read import Reject, iter_triplets
from coig_writer.dataset.release import Reason
from coig_writer.errors import CoigError, InputError
from coig_writer.studio import entries, intake, told
from support.malformed import CASES, HEADER, LOSSES, OURS, PLAIN, ROW, as_json, lines, parquet, workbook

HAN = re.compile("[\u3400-\u9fff]")
SCORES = {f"{part}_{kind}": 9 for part in ("article", "prompt", "reasoning") for kind in ("quality", "creativity")}
SIX = "\n".join(f"{part} quality 9\n{part} creativity 9" for part in ("query", "thought", "answer"))
TEXT = {"id": "1", "text": "落"}
TRIPLETS = (
    *('{"prompt": }', '{"prompt" "x"}', r'{"prompt": "\x"}'),
    {**PLAIN, "genre": "essay", "type": "wuxia"},
    {**PLAIN, "scores": SCORES, "quality_score": 55},
    *({**PLAIN, "score": text} for text in (f"total: 50\n{SIX}", "query quality 9")),
    {**PLAIN, "scores": {**SCORES, "article_quality": 11}},
    *({**PLAIN, "published": date} for date in ("2023-01-02T03:04:05", "2023-13-40")),
    {"messages": [{"role": "user", "content": "写"}, {"role": "assistant", "content": "<think>想</think> "}]},
    *({**OURS, "scores": value} for value in ("x", [1], [{**SCORES, "by": "x"}])),
    {**OURS, "scores": [{**SCORES, "by": "human:a", "at": "yesterday"}]},
    {**OURS, "article": {**TEXT, "engagement": {"percentile": float("nan")}}},
)
DRAFTS = (
    TEXT,
    "{broken",
    r'{"id": "1", "text": "\ud800"}',
    {**TEXT, "script": "x"},
    *({**TEXT, "engagement": {"likes": value}} for value in ("x", 1.5, -1, "9" * 5000)),
    *({**TEXT, "engagement": {"percentile": value}} for value in ("x", [])),
    {"id": "1", "article": TEXT, "gate": {"passed": "perhaps"}},
    {"id": "1", "article": TEXT, "templates": []},
)
CANDIDATE = {name: [None] for name in CANDIDATE_COLUMNS} | {name: [text] for name, text in TEXT.items()}
FURTHER = {
    "triplets.jsonl": lines(*TRIPLETS).encode(),
    "drafts.jsonl": lines(*DRAFTS).encode(),
    "none.parquet": parquet({name: [] for name in CANDIDATE}),
    "part.parquet": parquet({name: [text] for name, text in TEXT.items()}),
    "wrong.parquet": parquet(CANDIDATE | {"likes": [-1]}),
    "cut.jsonl": gzip.compress(lines(*[{**PLAIN, "prompt": f"写{n}"} for n in range(3_000)]).encode())[:-400],
    "twice.parquet": parquet({name: cell * 2 for name, cell in CANDIDATE.items()}),
    **{f"lost-{field}.jsonl": lines(record).encode() for field, record in LOSSES.items()},
}
LARGE = {
    "long.jsonl": lines({**PLAIN, "prompt": "写" * 100}).encode(),
    "long.json": as_json([{"prompt": "写" * 100}])[:-3].encode(),
    "long.xlsx": workbook(HEADER, ROW),
}
"""Files that break limits, which are lowered for them."""


def said(path, read):
    """What reading a file says: reasons, messages and remedies."""
    try:
        for each in read(path):
            if isinstance(each, Reject):
                yield each.reason
    except CoigError as error:
        yield error.message
        yield error.remedy


@pytest.fixture(scope="module")
def sentences(tmp_path_factory):
    """All that is said of files that are broken in all ways that these tests know."""
    folder, found = tmp_path_factory.mktemp("files"), set()

    def read(files):
        for name, raw in files.items():
            path = folder / name
            path.write_bytes(raw)
            for reader in (iter_triplets, intake._to_its_break, lambda path: entries.take([path]).entries):
                found.update(said(path, reader))

    read({case.name: case.raw for case in CASES} | FURTHER)
    found.update(said(folder / "missing.jsonl", iter_triplets))
    for limit, value in (("LIMIT", 50), ("_ROWS", 0), ("LARGEST_WORKBOOK", 1)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(containers, limit, value)
            read(LARGE)
    for reasons in ({each.value: 2 for each in Reason if each is not Reason.UNREVIEWED}, {"unreviewed": 3}):
        error = build._nothing_to_release(SimpleNamespace(sources=[], read=20, reasons=reasons))
        found |= {error.message, error.remedy, "3 unreviewed"}
    return {each for each in found if not each.startswith("总分")}  # a line of the file, which is its own reason


def test_whatever_is_said_of_a_file_has_its_chinese(sentences):
    assert len(sentences) > 120
    for each in sentences:
        assert HAN.search(told.zh(each)), each
        assert told.zh(each) != each


def test_every_sentence_of_the_table_is_one_that_is_said(sentences, monkeypatch):
    table, whole = told.SENTENCES, {each: told.zh(each) for each in sentences}
    for at, (pattern, _) in enumerate(table):
        monkeypatch.setattr(told, "SENTENCES", table[:at] + table[at + 1 :])
        assert any(told.zh(each) != words for each, words in whole.items()), pattern.pattern


EXAMPLES = {
    "no prompt: none of the columns 提示, query … is there; there are objects inside data: give them by themselves": (
        "没有 prompt：提示, query 等列都不在；data 里面还有对象，请单独给出"
    ),
    "not valid JSON: Expecting value at character 1,204": "不是有效的 JSON，第 1,204 个字符处：缺一个值",
    "not valid JSON: something new at character 3": "不是有效的 JSON，第 3 个字符处：something new",
    "'{x}: empty': Input should be a valid date, input is too short": "'{x}: empty'：应当是日期（写法不对）",
    "empty: Field required": "empty：缺这一项",
    "nothing to release: of 3 records none passes (2 needs refinement, 1 held)": (
        "没有可发布的：3 条都没有过关（待修改 2 条，留待人工查看 1 条）"
    ),
    "a sentence that nobody knows": "a sentence that nobody knows",
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_names_values_and_places_stay_as_they_are(text):
    assert told.zh(text) == EXAMPLES[text]


def test_an_error_has_its_place_and_its_remedy_in_both_languages():
    error = InputError("not UTF-8", where="/srv/secret/upload.csv:3", remedy="Save the file as UTF-8.")
    assert told.of_error(error) == (
        "upload.csv:3：不是 UTF-8。请另存为 UTF-8。", "upload.csv:3: not UTF-8. Save the file as UTF-8.",
    )  # fmt: skip
    assert told.of_error(error, "我的.csv").zh == "我的.csv:3：不是 UTF-8。请另存为 UTF-8。"
    assert told.of_error(InputError("empty")) == ("是空的。", "empty")


def test_a_reject_has_its_place_and_its_field_in_both_languages():
    assert told.of_reject(Reject("a.jsonl:2", "empty", "提示")) == (
        "a.jsonl:2，提示：是空的", "a.jsonl:2, 提示: empty",
    )  # fmt: skip
    assert told.of_reject(Reject("a.jsonl:2", "nested too deeply")).zh == "a.jsonl:2：嵌套太深"
