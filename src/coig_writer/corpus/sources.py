"""Where a text comes from: its URL in one canonical form, and the platform. Nothing is fetched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_BARE_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:[:/?]|$)", re.I)


@dataclass(frozen=True, slots=True)
class Source:
    """A canonical URL and the platform; both None where the data does not say."""

    url: str | None
    platform: str | None
    key: str | None = None
    """What two URLs of one page have in common: no scheme, no `www.`; None for a front page, which many texts share."""
    note: str | None = None
    """Why a URL that was given is not used."""


def locate(url: str | None, platform: str | None) -> Source:
    """The source of a text from what its data says; `platform` may hold a URL, as such columns often do.

    The canonical form has no tracking parameters, fragment, default port or capitals in the host. The platform is
    the registered domain of the URL, else the platform's name as it is given.
    """
    if not url and platform and platform.startswith(("http://", "https://")):
        url, platform = platform, None
    if not url:
        return Source(None, platform)
    from courlan import clean_url, extract_domain, validate_url

    wanted = f"https://{url}" if _BARE_HOST.match(url) else url
    cleaned = clean_url(wanted.partition("#")[0]) or ""
    if not validate_url(cleaned)[0]:
        return Source(None, platform, note=f"not a web address: {url[:100]}")
    parts = urlsplit(cleaned)
    place = parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    key = (parts.netloc.removeprefix("www.") + place) if place else None
    return Source(cleaned, extract_domain(cleaned) or parts.hostname, key)
