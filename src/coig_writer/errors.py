"""Errors a user can act on: what happened, where, and what to do next."""

from __future__ import annotations


class CoigError(Exception):
    """A problem that the user can mend.

    Args:
        message: what is wrong, one sentence without a final full stop.
        where: the place, as `FILE`, `FILE:LINE`, a setting or a URL.
        remedy: what to do about it, one sentence.

    The command line prints the three parts without a traceback and leaves with `exit_code`.
    """

    exit_code = 1

    def __init__(self, message: str, *, where: str | None = None, remedy: str | None = None):
        super().__init__(message)
        self.message = message
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text}. {self.remedy}" if self.remedy else text


AGAIN = "the same command again"
"""How most errors say how to go on; a run for which that is wrong (`llm/batch.py`) puts its own words there."""


class InputError(CoigError):
    """A file or record that cannot be used as it is."""


class SettingError(CoigError):
    """An option, setting or name that makes no sense."""

    exit_code = 2


class ModelError(CoigError):
    """A model that is missing, cannot be reached or does not answer as promised."""


class UnfinishedError(ModelError):
    """Some records could not be finished; the rest is written."""


class StorageError(CoigError):
    """A place that cannot be written: no permission, no space left, a lock held by another run."""


class Interrupted(CoigError):
    """The user stopped a run; what was finished is kept."""

    exit_code = 130


def first_line(error: BaseException) -> str:
    """The first line of what a library's error says, or its name; without the full stop, as our messages have none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
