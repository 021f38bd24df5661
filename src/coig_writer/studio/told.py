"""What the readers of files say, for pages in Chinese too: they say it in English, as the command line does."""

from __future__ import annotations

import re
from pathlib import Path

from coig_writer.dataset.read import Reject
from coig_writer.errors import CoigError
from coig_writer.report.labels import WITHHELD, Label

_FILES = (
    ("neither text nor a table", "既不是文本，也不是表格"),
    ("not a file of records", "认不出里面有记录"),
    ("not UTF-8", "不是 UTF-8"),
    (r"cannot read: (?P<why>.+)", "读不出：{why}"),
    ("Compressed file ended before .+|the packed file ends in its middle", "压缩文件不完整"),
    (r"the packed bytes are damaged: (.+)", "压缩的内容已损坏（{0}）"),
    (r"not a workbook: (.+)", "不是工作簿（{0}）"),
    (r"a workbook of (.+) when unpacked, and they are read in memory", "工作簿解开后有 {0}，内存里放不下"),
    (r"more than ([\d,]+) rows", "超过 {0} 行"),
    (r"not a Parquet file: (.+)", "不是 Parquet 文件（{0}）"),
    (r"damaged after record ([\d,]+): (.+)", "第 {0} 条之后已损坏（{1}）"),
    (r"record ([\d,]+) is no candidate: (?P<why>.+)", "第 {0} 条不是候选文本：{why}"),
    (r"the rest: (?P<why>.+)", "其余的没有读：{why}"),
    (r"not a table of candidates: no column (.+)", "不是候选文本的表，缺这些列：{0}"),
    ("no articles in it", "里面没有文章"),
    (r"(\d+) ids occur more than once, the first is (.+)", "有 {0} 个 id 不止出现一次，第一个是 {1}"),
)
_REMEDIES = (
    (r"JSON Lines, .+ can be read\.", "可以读 JSON Lines、JSON 数组、Parquet、CSV 和 XLSX。"),
    (r"(?P<kinds>.+ can be read\.) A table has to be .+", "{kinds}表格的名字要以 .csv 或 .tsv 结尾。"),
    (r"Check the path\.", "请核对路径。"),
    (r"The file is damaged or cut off: .+", "文件已损坏或不完整，请重新取来或重新打包。"),
    (r"Save the file as UTF-8\.", "请另存为 UTF-8。"),
    (r"Save it as XLSX or CSV\.", "请另存为 XLSX 或 CSV。"),
    (r"Save it as CSV, Parquet or JSON Lines\.", "请另存为 CSV、Parquet 或 JSON Lines。"),
    (r"Write the file again\.", "请重新写出这个文件。"),
    (r"Mend it; the first line names the columns\.", "请改好；第一行写列名。"),
    (r"Rename or delete one of them\.", "请改名，或删掉一列。"),
    (r"Remove the repeated lines; .+", "请删去重复的；文章的 id 由正文而来。"),
    (r"Build (?:it|candidates) with `(.+)`\.", "请先用 {0} 生成。"),
)
_JSON = (
    (r"(.+) stands twice in the record, with different values; keep one of them", "{0} 出现两次，值还不同；请只留一个"),
    (r"not in UTF-8 at byte ([\d,]+)", "第 {0} 个字节处不是 UTF-8"),
    (r"longer than ([\d,]+) bytes", "超过 {0} 字节"),
    (r"longer than ([\d,]+) characters", "超过 {0} 字"),
    ("nested too deeply", "嵌套太深"),
    (r"not valid JSON: (?P<why>.+) at character ([\d,]+)", "不是有效的 JSON，第 {1} 个字符处：{why}"),
    (r"not valid JSON: (?P<why>.+)", "不是有效的 JSON：{why}"),
    (r"Invalid JSON: (.+)", "不是有效的 JSON（{0}）"),
    ("Expecting value", "缺一个值"),
    ("Expecting property name enclosed in double quotes", "键要写在双引号里"),
    ("Expecting ',' delimiter", "缺逗号"),
    ("Expecting ':' delimiter", "缺冒号"),
    ("Unterminated string", "引号没有闭合"),
    ("Extra data", "后面多出内容"),
    (r"Invalid \\.+", "转义写错"),
    (r"Exceeds the limit \((\d+) digits\) for integer string conversion.+", "整数超过 {0} 位"),
)
_TABLES = (
    (r"two columns are called (.+): number (\d+) and number (\d+)", "第 {1} 列和第 {2} 列都叫 {0}"),
    (r"a cell beside the (\d+) named columns", "有一格在写了名的 {0} 列之外"),
    (r"no line with the names of the columns: (?P<why>.+)", "没有写列名的一行：{why}"),
    (
        r"a quote opened in line (\d+) is not closed; it swallows all up to line (\d+)\. Close or double it",
        "第 {0} 行的引号没有闭合，直到第 {1} 行都算在里面；请补上，或写成两个",
    ),
    (
        r"not valid CSV: (.+) \(line (\d+)\); a quote inside a cell is written twice",
        "不是有效的 CSV，第 {1} 行：{0}；格里的引号要写两个",
    ),
    ("only the first sheet is read; save this one by itself", "只读第一张表；请把这一张单独另存"),
)
_RECORDS = (
    (r"not text but (?P<what>.+)", "不是文字（{what}）"),
    (r"not an object but (?P<what>.+)", "不是对象（{what}）"),
    ("empty", "是空的"),
    ("there is no place for this column", "这一列没有地方放"),
    ("a triplet has no place for a system message", "系统消息没有地方放"),
    ("holds characters that are no text, .+", "有不成文字的字符，如半个字符或别的编码"),
    (
        r"no (\w+): none of the columns (.+) … is there; there are objects inside (.+): give them by themselves",
        "没有 {0}：{1} 等列都不在；{2} 里面还有对象，请单独给出",
    ),
    (r"no (\w+): none of the columns (.+) … is there", "没有 {0}：{1} 等列都不在"),
    (r"two columns say the (.+); the other is kept", "两列都写 {0}，留的是另一列"),
    (r"the record itself says another (.+), which is kept", "记录本身另写了 {0}，以那里为准"),
    (r"says (\d+), the six scores add up to (\d+), which is kept", "写的是 {0}，六项相加是 {1}，以相加的为准"),
    (r"the total says (\d+), the six scores add up to (\d+)", "总分写的是 {0}，六项相加是 {1}"),
    (r"(\w+): one of quality and creativity is given, the other is not", "{0}：质量和创意只给了一项"),
    (r"(.+) is no object with the six scores", "{0} 不是含六项分数的对象"),
    ("there are no six scores that it could belong to", "没有它所属的六项分数"),
    (r"(.+) is neither true nor false", "{0} 说不清是或否"),
    (r"(.+) is not a whole number from 0 to (\d+)", "{0} 不是 0 到 {1} 的整数"),
    ("neither text nor a list of messages", "既不是文字，也不是一列消息"),
    ("(?:earlier|several) turns: a triplet has one prompt and one answer", "有好几轮；一个三元组只有一问一答"),
    ("not one question and then one answer", "不是先一问、后一答"),
    ("not a list of turns", "不是一列对话"),
    (r"turn (\d+) is not an object", "第 {0} 轮（从 0 数起）不是对象"),
    (r"turn (\d+) has the role (.+)", "第 {0} 轮（从 0 数起）的角色 {1} 不认得"),
    (r"turn (\d+) is not text", "第 {0} 轮（从 0 数起）不是文字"),
    (r"turn (\d+) is empty", "第 {0} 轮（从 0 数起）是空的"),
    ("no reasoning: the answer has no <think> … </think> before the article", "回答里没有 <think> … </think> 的思路"),
    ("the reasoning is empty", "思路是空的"),
    ("the article is empty", "文章是空的"),
)
_FIELDS = (
    ("Field required", "缺这一项"),
    ("Extra inputs are not permitted", "不该有这一项"),
    (r"String should have at least (\d+) characters?", "至少要 {0} 字"),
    (r"String should match pattern '(.+)'", "要写成 {0} 的样子"),
    (r"Input should be (?P<what>an? [a-z ]+), (?P<why>.+)", "应当是{what}（{why}）"),
    (r"Input should be (?P<what>an? [a-zA-Z ]+)", "应当是{what}"),
    (r"Input should be greater than or equal to (.+)", "不能小于 {0}"),
    (r"Input should be less than or equal to (.+)", "不能大于 {0}"),
    (r"Input should be (.+) or (.+)", "应当是 {0} 或 {1}"),
    ("Unable to parse input string as an integer, exceeded maximum size", "数字太长"),
    ("Datetimes provided to dates should have zero time .+", "日期后面不能带钟点"),
    ("unable to parse string as .+|unable to interpret input", "认不出"),
    ("unable to parse raw data as a unicode string", "有不成文字的字符"),
    ("got a number with a fractional part", "有小数"),
    ("input is too short|invalid .+|unexpected extra .+", "写法不对"),
    (r"\w+ value is outside .+", "没有这一天"),
    ("text|a valid string", "文字"),
    ("a valid integer", "整数"),
    ("a number|a valid number", "数"),
    ("a finite number", "有限的数"),
    ("true or false|a valid boolean", "真假值"),
    ("a list|a valid list|a valid array", "列表"),
    ("an object|a valid dictionary.*", "对象"),
    ("a valid date(?: or datetime)?", "日期"),
    ("a valid datetime(?: or date)?", "日期和时间"),
)
_RELEASES = (
    (r"nothing to release: of (\d+) records none passes \((?P<why>.+)\)", "没有可发布的：{0} 条都没有过关（{why}）"),
    (r"nothing to release: (\d+) of (\d+) records pass .+", "没有可发布的：{1} 条里 {0} 条过关，但没有人审阅"),
    (r"(?P<one>\d+ [a-z ]+), (?P<more>\d+ .+)", "{one}，{more}"),
    (r"(\d+) (?P<what>[a-z ]+)", "{what} {0} 条"),
    *((code.replace("_", " "), label.zh) for code, label in WITHHELD.items()),
    # What these say of the command's options is of no use on a page.
    (r"Review them first, .+", "请先审阅。"),
    (r"Refine or annotate them further; .+", "请接着修改。"),
)
SENTENCES = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        *(*_FILES, *_REMEDIES, *_JSON, *_TABLES, *_RECORDS, *_FIELDS, *_RELEASES),
        # A field or a value, and what is wrong with it; last, since the value may hold any words.
        (r"(.+): (?P<why>(?:Field|Extra inputs|String|Input|Unable|Datetimes) .+)", "{0}：{why}"),
    )
)
"""(what is said in English, how it is said in Chinese), the first that fits counts.

A numbered part, such as a name or a value, stays as it is; a named one is a message too and is looked up in turn.
"""


def zh(text: str) -> str:
    """A message in Chinese; one that is not known stays as it is."""
    for pattern, words in SENTENCES:
        if found := pattern.fullmatch(text):
            inner = {name: zh(part) for name, part in found.groupdict().items()}
            return words.format(*found.groups(), **inner)
    return text


def of_reject(reject: Reject) -> Label:
    """Where, which field and why."""
    place = f"{reject.where}，{reject.field}" if reject.field else reject.where
    words = f"{place}：{zh(reject.reason)}"
    return Label(words, str(reject))


def of_error(error: CoigError, name: str | None = None) -> Label:
    """What is wrong with a file and what to do; it goes by its name, since its folder is the server's.

    Args:
        name: what the file is called there, if not as it is called here.
    """
    where = Path(error.where or "").name
    if name:
        where = "".join([name, *where.partition(":")[1:]])
    words = f"{zh(error.message)}。{zh(error.remedy or '')}"
    if where:
        words = f"{where}：{words}"
    return Label(words, str(CoigError(error.message, where=where, remedy=error.remedy)))
