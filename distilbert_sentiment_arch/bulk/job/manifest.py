"""What a job wrote down at its start: options, model, columns, and its input in units."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa

from distilbert_sentiment_arch.bulk.options import JobOptions
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity
from distilbert_sentiment_arch.errors import InputChanged, JobDiffers, OutputError
from distilbert_sentiment_arch.messages import shown
from distilbert_sentiment_arch.settings.limits import Limits

MANIFEST = "_manifest.json"
LAYOUT = 1
"""Version of the files beside the parts."""

UNIT_BYTES = 32 * 2**20
UNIT_FILES = 256
"""Neighbouring files share a unit up to either, so that small files do not become as many parts."""

FLAGS = {
    "text": "--text",
    "text_pair": "--text-pair",
    "keep": "--keep",
    "input_format": "--input-format",
    "encoding": "--encoding",
    "delimiter": "--delimiter",
    "types": "--types",
    "truncation": "--truncation",
    "explain": "--explain",
    "fallback": "--fallback",
    "format": "--format",
    "part_rows": "--part-rows",
}


@dataclass(frozen=True)
class Unit:
    """Neighbouring input files that are read as one sequence of rows.

    Attributes:
        number: Its place among the units of the job.
        files: One large file, or small ones.
        rows: Rows of all files; None where only reading them would tell.
    """

    number: int
    files: tuple[InputFile, ...]
    rows: int | None


@dataclass(frozen=True)
class Manifest:
    """The start of a job.

    Attributes:
        settings: What changes an answer or a file, by name; plain values.
        schema: Columns of the parts.
        units: All of the input, in order.
    """

    settings: Mapping[str, Any]
    schema: pa.Schema
    units: tuple[Unit, ...]

    def to_json(self) -> bytes:
        """Returns the file's content, the same for the same manifest."""
        value = {
            "layout": LAYOUT,
            "settings": self.settings,
            "columns": {each.name: str(each.type) for each in self.schema},
            "schema": base64.b64encode(self.schema.serialize().to_pybytes()).decode("ascii"),
            "units": [
                {"rows": each.rows, "files": [[f.path, f.size, f.fingerprint] for f in each.files]}
                for each in self.units
            ],
        }
        return json.dumps(value, indent=1, ensure_ascii=False).encode("utf-8", "surrogatepass")

    @classmethod
    def from_json(cls, content: bytes, place: str) -> Manifest:
        """Reads a manifest.

        Args:
            content: Of the file.
            place: Where it was, for the message.

        Raises:
            OutputError: It is not a manifest of this version.
        """
        try:
            value = json.loads(content.decode("utf-8", "surrogatepass"))
            if value["layout"] != LAYOUT:
                raise OutputError(
                    f"{place}: the output was begun by another version of max-sentiment, whose "
                    "files are laid out in another way. Choose another --output."
                )
            units = tuple(
                Unit(number, tuple(InputFile(*file) for file in unit["files"]), unit["rows"])
                for number, unit in enumerate(value["units"])
            )
            schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(value["schema"])))
            return cls(value["settings"], schema, units)
        except (ValueError, KeyError, TypeError, pa.ArrowException) as error:
            raise OutputError(
                f"{place}: this is no manifest of a job ({error}). Choose another --output, or "
                "empty this one."
            ) from error


def settings_of(options: JobOptions, identity: ModelIdentity) -> dict[str, Any]:
    """Returns what an answer or a file of the output depends on, by name, as JSON gives it back.

    What ends a job or says where its files are does not count.

    Args:
        options: Of the job.
        identity: The model that answers, with its version.
    """
    read, model = options.input, options.model
    limits = Limits.from_environment()
    settings = {
        "text": read.text,
        "text_pair": read.text_pair,
        "keep": read.keep,
        "input_format": read.format,
        "encoding": read.encoding,
        "delimiter": read.delimiter,
        "types": dict(read.types),
        "truncation": asdict(model.truncation),
        "explain": asdict(model.explain) if model.explain else None,
        "fallback": model.fallback,
        "format": options.format,
        "part_rows": options.part_rows,
        "model": identity.as_json(),
        # Of the environment: a text over one has an error.
        "limits": {
            "max_request_tokens": limits.max_request_tokens,
            "max_request_characters": limits.max_request_characters,
        },
    }
    return dict(json.loads(json.dumps(settings)))


def refuse_difference(before: Mapping[str, Any], now: Mapping[str, Any], place: str) -> None:
    """Checks that a job which is begun again is the same.

    Raises:
        JobDiffers: It is not; the message says in what.
    """
    lines = list(_differences(before, now))
    if lines:
        raise JobDiffers(
            f"{place}: the output holds parts of a job that differs: {'; '.join(lines)}. Run with "
            "what that job had to continue it, or choose another --output."
        )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterable[str]:
    for name in [*before, *(each for each in now if each not in before)]:
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping) and name not in FLAGS:
            for line in _differences(old, new):
                yield f"{name} {line}"
        else:
            label = FLAGS.get(name, name.replace("_", " "))
            yield f"{label} was {_value(old)} and is {_value(new)}"


def _value(value: object) -> str:
    if value is None:
        return "not given"
    return shown(",".join(value) if isinstance(value, list) else value)


def grown(
    units: Sequence[Unit], files: Sequence[InputFile], begun: Collection[int]
) -> tuple[list[Unit], list[InputFile]]:
    """Compares the units of a job with its input now.

    Args:
        units: Of the manifest.
        files: Found now.
        begun: Numbers of the units of which parts are done.

    Returns:
        The units with the files as they are now, and the files that no unit has.

    Raises:
        InputChanged: A file of a unit of which parts are done has changed or is gone.
    """
    now = {each.path: each for each in files}
    taken: set[str] = set()
    kept: list[Unit] = []
    for unit in units:
        current = []
        for file in unit.files:
            taken.add(file.path)
            found = now.get(file.path)
            if found != file and unit.number in begun:
                refuse_change(file, found)
            if found is not None:
                current.append(found)
        same = tuple(current) == unit.files
        kept.append(unit if same else replace(unit, files=tuple(current), rows=None))
    return kept, [each for each in files if each.path not in taken]


def refuse_change(file: InputFile, found: InputFile | None) -> None:
    """Raises the error of a file that is not what it was.

    Raises:
        InputChanged: Always.
    """
    if found is None:
        raise InputChanged(
            f"{file.path}: parts of the output were made of this file, and it is not among the "
            "inputs any more. Put it back, or choose another --output."
        )
    change = (
        f"had {file.size:,} bytes and has {found.size:,}"
        if file.size != found.size
        else f"was {file.fingerprint} and is {found.fingerprint}"
    )
    raise InputChanged(
        f"{file.path}: the file {change}; it changed after parts of the output were made of it, or "
        "while it was read. Put the old one back, or choose another --output."
    )


def grouped(files: Sequence[InputFile]) -> list[tuple[InputFile, ...]]:
    """Groups neighbouring files into units."""
    groups: list[tuple[InputFile, ...]] = []
    group: list[InputFile] = []
    size = 0
    for file in files:
        if group and (size + file.size > UNIT_BYTES or len(group) >= UNIT_FILES):
            groups.append(tuple(group))
            group, size = [], 0
        group.append(file)
        size += file.size
    return [*groups, tuple(group)] if group else groups
