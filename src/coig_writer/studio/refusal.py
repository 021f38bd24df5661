"""Something that the studio will not do, said to a person in both languages."""

from __future__ import annotations


class Refusal(Exception):
    """A request that is understood and refused.

    Args:
        zh, en: what is wrong and what to do about it.
        status: of the HTTP response; 409 where somebody else was faster, 403 where a role is missing.
    """

    def __init__(self, zh: str, en: str, *, status: int = 400) -> None:
        super().__init__(en)
        self.zh, self.en, self.status = zh, en, status
