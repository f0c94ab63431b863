"""Start of a job: where its output may be, and the manifest of a new job or of one that goes on."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa

from distilbert_sentiment_arch.bulk.job.manifest import (
    MANIFEST,
    Manifest,
    Unit,
    grouped,
    grown,
    refuse_difference,
    settings_of,
)
from distilbert_sentiment_arch.bulk.job.output_directory import OutputDirectory
from distilbert_sentiment_arch.bulk.job.parts import part_name, parts_of
from distilbert_sentiment_arch.bulk.job.records import Records
from distilbert_sentiment_arch.bulk.job.schema import output_schema
from distilbert_sentiment_arch.bulk.job.writing import SUFFIXES, check_schema
from distilbert_sentiment_arch.bulk.options import InputOptions, JobOptions
from distilbert_sentiment_arch.bulk.reading.files import count_rows, read_common_schema
from distilbert_sentiment_arch.bulk.reading.input_files import InputFile
from distilbert_sentiment_arch.bulk.reading.input_names import format_of
from distilbert_sentiment_arch.bulk.scoring.identity import ModelIdentity
from distilbert_sentiment_arch.bulk.storage import open_storage
from distilbert_sentiment_arch.errors import InputError, JobDiffers, OutputError
from distilbert_sentiment_arch.messages import shown

MOST_HEADS = 10_000
"""Most files of which the rows of all are counted at the start."""

COUNTED_BYTES = 2**20
"""Size from which on the rows of a file are counted where there are more."""

_READ_AT_ONCE = 16


def check_output(options: JobOptions, files: Sequence[InputFile], output: OutputDirectory) -> None:
    """Checks that the output is a place of its own; writes nothing.

    Raises:
        OutputError: It is within an input or holds one, or it holds files of something else.
    """
    if options.part_rows < 1:
        raise InputError(
            f"--part-rows is {options.part_rows}. A part has at least one row.", "part_rows"
        )
    place = f"{output.path}/{part_name(0, 0, options.format)}"
    for each in options.inputs:
        path = "" if each == "-" else open_storage(each)[1].rstrip("/")
        if path and (place.startswith(f"{path}/") or fnmatch.fnmatchcase(place, path)):
            raise OutputError(
                f"{options.output}: the output lies within the input {each}, where its parts would "
                "be read as input. Choose an --output outside of it."
            )
    for file in files:
        if file.path != "-" and open_storage(file.path)[1].startswith(f"{output.path}/"):
            raise OutputError(
                f"{options.output}: the input {file.path} lies within the output. Choose another "
                "--output."
            )
    names = [each.name for each in output.files()]
    # It is in no list while it is being replaced.
    if MANIFEST not in names and output.read(MANIFEST) is None:
        foreign = [name for name in names if not name.startswith(("_", "."))]
        if foreign:
            raise OutputError(
                f"{options.output}: the directory holds files of something else, for example "
                f"{shown(foreign[0])}. Choose an empty --output, or move them."
            )


def read_manifest(output: OutputDirectory) -> Manifest | None:
    """Returns the manifest that an output holds; None where it holds none.

    Raises:
        OutputError: It is not a manifest of this version.
    """
    content = output.read(MANIFEST)
    return None if content is None else Manifest.from_json(content, output.uri)


def job_manifest(
    options: JobOptions,
    identity: ModelIdentity,
    files: Sequence[InputFile],
    output: OutputDirectory,
    records: Records,
    before: Manifest | None,
    *,
    shared: bool = False,
) -> Manifest:
    """Returns the manifest of a job, new or as it was, with files that came since; writes it.

    Args:
        options: Of the job.
        identity: What the rows are scored with.
        files: The input now.
        output: Of the job.
        records: What is done.
        before: The manifest that the output holds.
        shared: Other runs may be at work by that manifest.

    Raises:
        InputError: A file of the input cannot be read, or has no such column, or there are more
            parts than names that sort.
        OutputError: The output cannot be written, or holds files of something else.
        JobDiffers: The output holds parts of another job.
        InputChanged: A file is not the one that finished parts were made of.
    """
    settings = settings_of(options, identity)
    if before is None or not (shared or records.units()):
        # Nothing is done yet that an older manifest would describe.
        records.forget()
        schema = job_schema(options, identity, files)
        manifest = Manifest(settings, schema, _units(files, options.input, 0))
    else:
        refuse_difference(before.settings, settings, options.output)
        units, new = grown(before.units, files, records.units())
        _refuse_columns(new, before.schema, options)
        added = _units(new, options.input, len(units))
        counted = [_counted(unit, options.input) for unit in units]
        manifest = replace(before, units=(*counted, *added))
    for unit in manifest.units:
        part_name(unit.number, parts_of(unit.rows or 0, options.part_rows) - 1, options.format)
    _refuse_foreign(options, output)
    if manifest != before:
        output.write(MANIFEST, manifest.to_json())
    return manifest


def job_schema(
    options: JobOptions, identity: ModelIdentity, files: Sequence[InputFile]
) -> pa.Schema:
    """Returns the columns of the parts: those of all files, and the answer.

    Raises:
        InputError: Files differ in a column, or one cannot be written.
    """
    schema = output_schema(
        read_common_schema(files, options.input),
        identity.labels,
        {**identity.as_json(), "truncation": settings_of(options, identity)["truncation"]},
        explained=options.model.explain is not None,
    )
    check_schema(schema, options.format, identity.labels)
    return schema


def _refuse_columns(files: Sequence[InputFile], schema: pa.Schema, options: JobOptions) -> None:
    """Checks that files which came later have no other columns than those before.

    Raises:
        JobDiffers: One has.
    """
    named = [each for each in files if format_of(each.path, options.input) != "jsonl"]
    if not named:
        return
    extra = set(read_common_schema(named, options.input).names) - set(schema.names)
    if extra:
        raise JobDiffers(
            f"{named[0].path}: this new file, or one beside it, has the column "
            f"{shown(min(extra))}, which the parts of {options.output} do not have. Choose another "
            "--output for the new files."
        )


def _units(files: Sequence[InputFile], options: InputOptions, first: int) -> tuple[Unit, ...]:
    groups = grouped(files)
    few = len(files) <= MOST_HEADS
    wanted = [few or any(file.size >= COUNTED_BYTES for file in group) for group in groups]
    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        rows = pool.map(
            lambda group, counted: _rows(group, options) if counted else None, groups, wanted
        )
        return tuple(
            Unit(first + index, group, count)
            for index, (group, count) in enumerate(zip(groups, rows, strict=True))
        )


def _counted(unit: Unit, options: InputOptions) -> Unit:
    """Returns a unit of which files have changed before any part of it was done, counted anew."""
    return unit if unit.rows is not None else replace(unit, rows=_rows(unit.files, options))


def _rows(files: Sequence[InputFile], options: InputOptions) -> int | None:
    total = 0
    for file in files:
        rows = count_rows(file, options)
        if rows is None:
            return None
        total += rows
    return total


def _refuse_foreign(options: JobOptions, output: OutputDirectory) -> None:
    """Checks that no other file of the parts' format would be taken for a part.

    Raises:
        OutputError: There is one.
    """
    suffix = SUFFIXES[options.format]
    for file in output.files():
        own = file.name.startswith(("part-", "_", "."))
        if file.name.endswith(suffix) and not own:
            raise OutputError(
                f"{options.output}: {shown(file.name)} is not a part of this job, and would be "
                "read as one. Move it, or choose another --output."
            )
