"""The server's log: one JSON object a line, with no texts and no passwords in it."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

_INVITATION = re.compile(r"/invitation/[\w-]+")
"""The end of such a path lets somebody in."""


class JsonLines(logging.Formatter):
    """Time, level, logger, message and, for an exception, its type and place.

    The text of an exception stays out: that of a database or a parser may quote what people wrote.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _INVITATION.sub("/invitation/…", record.getMessage()),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = record.exc_info[0].__name__
            line["where"] = _places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False)


def _places(traceback) -> list[str]:
    found = []
    while traceback:
        code = traceback.tb_frame.f_code
        found.append(f"{code.co_filename.rpartition('site-packages/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return found[-6:]
