"""A run that is made to be killed: `killed_run.py BASE_URL OUT RECORDS`; three steps a record."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel, Field

from coig_writer.errors import CoigError
from coig_writer.llm.batch import Patience, run_map
from coig_writer.llm.registry import ModelSpec

CONCURRENCY = 6


class Score(BaseModel):
    reason: str
    quality: int = Field(ge=1, le=10)


async def work(record: str, ask) -> dict:
    article = [{"role": "system", "content": f"文章 {record}"}]
    screen = await ask("screen", [*article, {"role": "user", "content": "筛选"}], answer=Score)
    draft = await ask("draft", [*article, {"role": "user", "content": f"提示 {screen.value.quality}"}])
    score = await ask("score", [*article, {"role": "user", "content": f"打分 {draft.value}"}], answer=Score)
    return {"id": record, "screen": screen.value.quality, "draft": draft.value, "score": score.value.quality}


def main(base_url: str, out: str, count: str) -> int:
    spec = ModelSpec(name="toy", base_url=base_url, model="toy", timeout=1, concurrency=CONCURRENCY)
    try:
        run_map(
            [f"r{number}" for number in range(int(count))],
            work,
            out=Path(out),
            spec=spec,
            record_id=str,
            on_failure=lambda record, error: {"id": record, "error": error.kind},
            patience=Patience(first_wait=0.01, longest_wait=0.05),
        )
    except CoigError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
