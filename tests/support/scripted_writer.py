"""Answers for annotation tasks, as a capable model would give them: made from the request, of the asked length."""

from __future__ import annotations

import json
import random
import re
from typing import Any

_OPENINGS = ["我打算", "这里要", "先让读者", "不妨", "中间再", "结尾才", "我怕", "也许该", "接着", "这一处", "回头"]
_VERBS = ["写出", "放慢", "藏住", "点到", "避开", "引向", "压低", "拆散", "留着", "照见", "慢慢铺开", "只提", "换成"]
_THINGS = ["清晨的院子", "人物的手", "一个动作", "远处的声音", "旧物", "雨后气味", "半句话", "家常饭菜", "街角灯光"]
_THINGS += ["转折", "玩笑", "路人的眼神", "窗外的树", "小时候的事", "药味", "短句", "天色", "一封信", "祖辈的规矩"]


def text_of(low: int, high: int, rng: random.Random) -> str:
    """Chinese sentences of `low` to `high` characters."""
    text = ""
    while len(text) < max(low, 2):
        text += rng.choice(_OPENINGS) + rng.choice(_VERBS) + rng.choice(_THINGS) + rng.choice("，。")
    return text[: high - 1] + "。"


def fill(schema: dict[str, Any], rng: random.Random) -> Any:
    """A value for one property of an answer's schema."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema["type"]:
        case "integer":
            return rng.randint(8, 10)
        case "boolean":
            return True
        case "array":
            return [fill(schema["items"], rng) for _ in range(schema["minItems"])]
        case "string":
            return text_of(schema.get("minLength", 2), schema.get("maxLength", 60), rng)
    raise AssertionError(schema)


def write(body: dict[str, Any]) -> str:
    """A good answer to one request; reasoning takes up the words of the prompt it is given."""
    rng = random.Random(json.dumps(body["messages"], ensure_ascii=False))
    schema = body["response_format"]["json_schema"]["schema"]
    answer = {name: fill(part, rng) for name, part in schema["properties"].items()}
    if schema["title"] == "ReasoningAnswer":
        prompt = re.search(r"【写作要求 \w+ 开始】\n(.*?)\n【写作要求", body["messages"][1]["content"], re.DOTALL)[1]
        part = schema["properties"]["interpretation"]
        answer["interpretation"] = (prompt + text_of(part["minLength"], part["maxLength"], rng))[: part["maxLength"]]
    return json.dumps(answer, ensure_ascii=False)
