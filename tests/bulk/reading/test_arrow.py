"""Arrow's files: directories of Hugging Face `datasets`, both formats, damaged ones."""

from __future__ import annotations

import gzip
import resource
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.feather
import pytest
from object_store import ObjectStore
from rows_read import rows_of, windows_of

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.files import count_rows, read_schema
from distilbert_sentiment_arch.bulk.reading.input_files import find_files
from distilbert_sentiment_arch.errors import InputError

TABLE = pa.table(
    {
        "id": range(5000),
        "text": [None if number % 7 == 0 else f"text {number} é" for number in range(5000)],
        "tags": [["x"] * (number % 3) for number in range(5000)],
    }
)


def write(path: Path, table: pa.Table, *, stream: bool, compression: str | None = None) -> None:
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with make(str(path), table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=999)


def test_a_saved_dataset_is_read_in_the_order_of_its_rows(tmp_path: Path) -> None:
    rows = datasets.Dataset(TABLE)
    rows.shuffle(seed=1).save_to_disk(tmp_path / "saved", num_shards=3)
    saved = datasets.load_from_disk(str(tmp_path / "saved"))
    read = rows_of(tmp_path / "saved")
    assert read.table.to_pylist() == saved.to_list()
    assert read.texts == saved["text"][:]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_both_formats_are_read(tmp_path: Path, stream: bool, compression: str | None) -> None:
    write(tmp_path / "a.arrow", TABLE, stream=stream, compression=compression)
    options = InputOptions(keep=("tags",))
    assert rows_of(tmp_path / "a.arrow").table.equals(TABLE)
    assert rows_of(tmp_path / "a.arrow", keep=("tags",)).table.equals(TABLE.select(["tags"]))
    (file,) = find_files([str(tmp_path)], options)
    assert read_schema(file, options) == TABLE.select(["tags"]).schema
    assert count_rows(file, options) is None


@pytest.mark.parametrize("stream", [True, False])
def test_compressed_files_and_buckets_are_read(
    tmp_path: Path, s3: ObjectStore, stream: bool
) -> None:
    write(tmp_path / "a.arrow", TABLE, stream=stream)
    bucket = s3.bucket(f"arrow-{stream}".lower())
    (bucket / "b.arrow.gz").write_bytes(gzip.compress((tmp_path / "a.arrow").read_bytes()))
    assert rows_of(f"s3://{bucket.name}").table.equals(TABLE)


def test_feather_is_read(tmp_path: Path) -> None:
    pyarrow.feather.write_feather(TABLE, str(tmp_path / "a.feather"))
    assert rows_of(tmp_path / "a.feather").table.equals(TABLE)


def test_a_range_of_rows_is_that_range(tmp_path: Path) -> None:
    write(tmp_path / "a.arrow", TABLE, stream=True)
    write(tmp_path / "b.arrow", TABLE, stream=False)
    both = pa.concat_tables([TABLE, TABLE])
    for start, end in ((0, 1), (998, 1001), (4999, 5001), (9000, None), (10_000, None)):
        windows = windows_of(tmp_path, start=start, end=end)
        texts = [text for window in windows for text in window.texts]
        assert texts == both["text"].to_pylist()[start:end]


def test_a_file_without_rows_has_none(tmp_path: Path) -> None:
    write(tmp_path / "a.arrow", TABLE.slice(0, 0), stream=True)
    assert windows_of(tmp_path / "a.arrow") == []


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("size", [0, 5, 100, -5000])
def test_a_truncated_file_is_refused(tmp_path: Path, stream: bool, size: int) -> None:
    path = tmp_path / "a.arrow"
    write(path, TABLE, stream=stream)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match="cannot be read further") as error:
        windows_of(path)
    assert str(error.value).startswith(f"{path}: ")


def test_offsets_that_lead_out_of_a_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    table = pa.table({"text": ["a" * 1000, "b" * 1000]})
    write(path, table, stream=True)
    good = (0).to_bytes(4, "little") + (1000).to_bytes(4, "little") + (2000).to_bytes(4, "little")
    content = path.read_bytes()
    assert content.count(good) == 1
    path.write_bytes(content.replace(good, good[:8] + (2**30).to_bytes(4, "little")))
    with pytest.raises(InputError, match="cannot be read further"):
        windows_of(path)


@pytest.mark.parametrize("stream", [True, False])
def test_a_length_beyond_the_end_takes_no_memory(tmp_path: Path, stream: bool) -> None:
    """Arrow would make room for 8 GiB, and take half a minute to fill it."""
    path = tmp_path / "a.arrow"
    table = pa.table({"text": ["a" * 1000, "b" * 1000]})
    write(path, table, stream=True)
    messages = pa.ipc.MessageReader.open_stream(path.read_bytes())
    messages.read_next_message()
    length = messages.read_next_message().body.size.to_bytes(8, "little")
    write(path, table, stream=stream)
    content = path.read_bytes()
    assert length in content
    path.write_bytes(content.replace(length, (2**33).to_bytes(8, "little")))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match="cannot be read further"):
        windows_of(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20  # KiB


def test_strings_that_are_no_utf8_have_a_reason(tmp_path: Path) -> None:
    bad = pa.array([b"good", b"\xffbad"], pa.binary())
    strings = pa.StringArray.from_buffers(2, bad.buffers()[1], bad.buffers()[2])
    write(tmp_path / "a.arrow", pa.table({"text": strings}), stream=True)
    read = rows_of(tmp_path / "a.arrow")
    assert read.texts == ["good", None]
    assert "byte 0xff" in str(read.errors[1])


def test_the_first_version_of_feather_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.feather").write_bytes(b"FEA1" + b"\0" * 100)
    with pytest.raises(InputError, match="first version of Feather"):
        rows_of(tmp_path / "a.feather")
