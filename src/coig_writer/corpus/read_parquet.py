"""Parquet files to rows, batch by batch."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from coig_writer.corpus import streams
from coig_writer.corpus.fields import row_from_record
from coig_writer.corpus.inventory import File
from coig_writer.corpus.rows import Row
from coig_writer.corpus.settings import CorpusSettings

if TYPE_CHECKING:
    import pyarrow as pa


def read_parquet(file: File, stream: BinaryIO, head: bytes, settings: CorpusSettings) -> Iterator[Row]:
    """The rows of a file whose first bytes, `head`, were read from `stream` before.

    A packed file is unpacked into a temporary one, as Parquet is read from its end.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryFile() as unpacked:
        seekable: Any = stream
        if file.packing:
            for piece in streams.chunks(stream, head):
                unpacked.write(piece)
            seekable = unpacked
        seekable.seek(0, io.SEEK_SET)
        number = 0
        for batch in pq.ParquetFile(seekable).iter_batches(batch_size=256):
            plain = pa.schema([field.with_type(readable(field.type)) for field in batch.schema])
            for record in pa.Table.from_batches([batch]).cast(plain).to_pylist():
                number += 1
                yield row_from_record(record, f"{file.name}:{number}", settings.columns)


def readable(kind: pa.DataType) -> pa.DataType:
    """A type with moments as text and durations as numbers, at any depth: Python has no nanoseconds and no year 10000.

    Lists of fixed length become plain ones.
    """
    import pyarrow as pa
    from pyarrow import types

    if types.is_timestamp(kind) or types.is_date(kind) or types.is_time(kind):
        return pa.string()
    if types.is_duration(kind):
        return pa.int64()
    if types.is_dictionary(kind):
        return readable(kind.value_type)
    if types.is_struct(kind):
        return pa.struct([field.with_type(readable(field.type)) for field in kind])
    if types.is_large_list(kind):
        return pa.large_list(readable(kind.value_type))
    if types.is_list(kind) or types.is_fixed_size_list(kind):
        return pa.list_(readable(kind.value_type))
    if types.is_map(kind):
        return pa.map_(readable(kind.key_type), readable(kind.item_type))
    return kind
