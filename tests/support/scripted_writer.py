"""Answers for annotation tasks, as a capable model would give them: made from the request, of the asked length."""

from __future__ import annotations

import json
import random
import re
from typing import Any

_PHRASES = [
    "我打算先写清晨的院子",
    "这里要放慢",
    "让读者自己发现变化",
    "我想用短句",
    "人物只露出一个动作",
    "结尾留一点空白",
]
_PHRASES += ["材料取自日常", "不用感叹号", "怕写得太满", "要避免说教", "先想好谁在看", "转折放在第三段"]


def text_of(low: int, high: int, rng: random.Random) -> str:
    """Chinese sentences of `low` to `high` characters."""
    text = ""
    while len(text) < max(low, 2):
        text += rng.choice(_PHRASES) + rng.choice("，。") + str(rng.randrange(10))
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
