"""Croissant metadata of a release: what machines read about its files and fields (version 1.0 of the format).

Written as plain JSON, field by field from the Arrow schema; the tests have the `mlcroissant` library validate it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coig_writer.dataset.formats import arrow_schema
from coig_writer.dataset.release import Release
from coig_writer.errors import InputError, SettingError

if TYPE_CHECKING:
    import pyarrow as pa

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The JSON-LD context that the format prescribes."""
FILES = (
    ("triplets.jsonl", "application/jsonlines", "The published record, one a line."),
    ("triplets.parquet", "application/x-parquet", "The same records, by column."),
    ("earlier.jsonl", "application/jsonlines", "The record of the earlier hub release."),
)
DESCRIPTIONS = {
    "reverse_inspiration_prompt": "A prompt that could have led to the article.",
    "reasoning_process": "A writer's reasoning on the way from the prompt to the article.",
    "article": "The text, verbatim.",
}


def croissant(release: Release, folder: Path) -> dict[str, Any]:
    """The metadata of the release whose data files lie in `folder`."""
    title = " ".join(release.title.split())
    value: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": title,
        "description": f"{len(release.released)} triplets of prompt, reasoning and article for creative writing.",
        "license": " ".join((release.licence or "not stated").split()),
        "inLanguage": release.languages or ["zh"],
        "keywords": ["creative writing", "process supervision", "reasoning"],
        "distribution": [_file(folder / name, kind, text) for name, kind, text in FILES],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "triplets",
                "name": "triplets",
                "description": "One record for each triplet.",
                "field": list(_fields(arrow_schema("published"))),
            }
        ],
    }
    if release.created:
        value["datePublished"] = release.created.date().isoformat()
    return value


def _file(path: Path, kind: str, description: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path.name,
        "name": path.name,
        "description": description,
        "contentUrl": path.name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": kind,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def _fields(schema: pa.Schema) -> Iterator[dict[str, Any]]:
    """One field for each column; what lies in structs is read by paths, and called `metadata/scores/…` and the like."""
    for field in schema:
        yield from _flat(field, field.name, [])


def _flat(field: pa.Field, name: str, path: list[str]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    if pa.types.is_struct(field.type):
        for each in field.type:
            yield from _flat(each, f"{name}/{each.name}", [*path, each.name])
        return
    source: dict[str, Any] = {
        "fileObject": {"@id": "triplets.jsonl"},
        "extract": {"column": name.split("/", maxsplit=1)[0]},
    }
    if path:
        source["transform"] = {"jsonPath": ".".join(path)}
    yield {
        "@type": "cr:Field",
        "@id": f"triplets/{name}",
        "name": name,
        "description": DESCRIPTIONS.get(name, name.replace("_", " ").replace("/", ", ")),
        "dataType": _data_type(field.type),
        "source": source,
    }


def _data_type(kind: pa.DataType) -> str:
    import pyarrow as pa

    if pa.types.is_integer(kind):
        return "sc:Integer"
    if pa.types.is_boolean(kind):
        return "sc:Boolean"
    return "sc:Date" if pa.types.is_date(kind) else "sc:Text"


def validate(path: Path) -> list[str]:
    """What the `mlcroissant` library warns of in a metadata file; empty when it is content.

    Raises:
        InputError: there is no such file, or the library finds an error in it.
        SettingError: the library is not installed.
    """
    try:
        import mlcroissant
    except ImportError as error:
        raise SettingError("mlcroissant is not installed", remedy="pip install mlcroissant") from error
    if not path.is_file():
        raise InputError("no Croissant metadata here", where=str(path), remedy="Give the folder of a release.")
    try:
        dataset = mlcroissant.Dataset(jsonld=str(path))
    except mlcroissant.ValidationError as error:
        raise InputError(f"not valid Croissant: {error}", where=str(path), remedy="Build the release again.") from error
    return sorted(dataset.metadata.ctx.issues.warnings)
