"""Files of a job: found by names, globs, directories and URIs, in one order."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pyarrow import fs

from distilbert_sentiment_arch.bulk.options import InputFormat, InputOptions
from distilbert_sentiment_arch.bulk.reading.input_names import (
    STDIN,
    SUFFIXES,
    format_of,
    suffix_of,
)
from distilbert_sentiment_arch.bulk.storage import Location, locate
from distilbert_sentiment_arch.errors import InputError

_WILDCARD = re.compile(r"[*?[]")

# Of a directory that Hugging Face `datasets` wrote.
_STATE = "state.json"
_DATASET_INFO = "dataset_info.json"


@dataclass(frozen=True)
class InputFile:
    """A file of the input.

    Attributes:
        path: Absolute path or URI; ``-`` for standard input.
        size: Bytes as stored; 0 for standard input.
        fingerprint: Differs after the file was changed.
    """

    path: str
    size: int
    fingerprint: str


def find_files(inputs: Iterable[str], options: InputOptions) -> list[InputFile]:
    """Finds the files of a job without reading them.

    Globs and directories give their files in the order of their paths, several inputs one after
    the other, and no file comes twice. Hidden files and those whose names begin with ``_`` are left
    out of globs and directories. A directory gives the files of one format, at any depth; one that
    Hugging Face ``datasets`` wrote gives the files that its ``state.json`` names.

    Args:
        inputs: Files, globs (``*``, ``?``, ``[...]``, ``**`` for any depth), directories, URIs of
            these, and ``-`` for standard input.
        options: How the files are read.

    Raises:
        InputError: An input has no file, cannot be listed, or does not tell its format.
    """
    found: dict[str, InputFile] = {}
    for each in inputs:
        for file in _files_of(each, options):
            found.setdefault(file.path, file)
    if not found:
        raise InputError("There is no input. Name files, directories or globs.")
    return list(found.values())


def fingerprint_now(file: InputFile) -> str:
    """Returns the fingerprint of a file as it is now; empty if it is gone."""
    if file.path == STDIN:
        return file.fingerprint
    location = locate(file.path)
    try:
        info = location.storage.get_file_info(location.path)
    except OSError as error:
        raise InputError(f"{file.path}: cannot be read ({error}).") from error
    return _fingerprint(info, location) if info.type == fs.FileType.File else ""


def _files_of(pattern: str, options: InputOptions) -> list[InputFile]:
    if pattern == STDIN:
        format_of(STDIN, options)
        return [_standard_input()]
    location = locate(pattern)
    try:
        return _files_at(pattern, location, options)
    except OSError as error:
        raise InputError(
            f"{pattern}: cannot be listed ({error}). Check the name and the permissions."
        ) from error


def _files_at(pattern: str, location: Location, options: InputOptions) -> list[InputFile]:
    info = location.storage.get_file_info(location.path)
    if info.type == fs.FileType.NotFound and _WILDCARD.search(location.path):
        matches = _glob(location)
        found = [file for each in matches for file in _expanded(each, location, options, pattern)]
        if not found:
            raise InputError(f"{pattern}: no file matches. Check the pattern; ** is any depth.")
        return found
    if info.type == fs.FileType.NotFound:
        raise InputError(f"{pattern}: there is no such file or directory. Check the name.")
    return _expanded(info, location, options, pattern)


def _expanded(
    info: fs.FileInfo, location: Location, options: InputOptions, pattern: str
) -> list[InputFile]:
    """Returns a file, or those of a directory."""
    if info.type == fs.FileType.Directory:
        return _directory(info.path, location, options)
    if info.type != fs.FileType.File:
        raise InputError(
            f"{pattern}: {info.path} is neither a file nor a directory. Send a pipe's content to "
            "standard input, named -."
        )
    file = _input_file(info, location)
    format_of(file.path, options)
    return [file]


def _input_file(info: fs.FileInfo, location: Location) -> InputFile:
    if not info.mtime_ns and not location.is_local:
        # Some stores write times in a listing in a form that is not understood.
        info = location.storage.get_file_info(info.path)
    return InputFile(location.uri(info.path), int(info.size or 0), _fingerprint(info, location))


def _fingerprint(info: fs.FileInfo, location: Location) -> str:
    changed = info.mtime_ns or 0
    # Object stores tell the time to the second for one object, and more exactly in a listing.
    return f"{info.size}-{changed if location.is_local else changed // 10**9}"


def _standard_input() -> InputFile:
    from distilbert_sentiment_arch.bulk.reading.streams import STANDARD_INPUT

    return InputFile(STDIN, 0, "stdin-" + hashlib.sha256(STANDARD_INPUT.beginning()).hexdigest())


def _children(
    location: Location, directory: str, hidden: tuple[str, ...] = (".", "_")
) -> list[fs.FileInfo]:
    """Returns what is directly in a directory in the order of names, without hidden names."""
    entries = location.storage.get_file_info(fs.FileSelector(directory or "/", recursive=False))
    return sorted(
        (each for each in entries if not each.base_name.startswith(hidden)),
        key=lambda each: each.path,
    )


def _directory(path: str, location: Location, options: InputOptions) -> list[InputFile]:
    files = sorted(_walk(path, location), key=lambda each: each.path)
    by_format: dict[InputFormat | None, list[fs.FileInfo]] = {}
    for each in files:
        # `.json` is metadata more often than rows, so only a format that is named takes it.
        suffix = suffix_of(each.path)
        known = None if suffix == ".json" and options.format is None else SUFFIXES.get(suffix)
        by_format.setdefault(known, []).append(each)
    counts = Counter({key: len(files) for key, files in by_format.items() if key is not None})
    uri = location.uri(path)
    if options.format is not None:
        chosen = by_format.get(options.format) or by_format.get(None, [])
    elif len(counts) > 1:
        listed = ", ".join(f"{name} ({count})" for name, count in counts.most_common())
        raise InputError(
            f"{uri}: has files of several formats: {listed}. Name one with --input-format, or the "
            "files with a glob."
        )
    else:
        chosen = by_format[next(iter(counts))] if counts else []
    if not chosen:
        raise InputError(
            f"{uri}: has no file with a name that is known ({', '.join(SUFFIXES)}, also "
            "compressed). Name the format with --input-format, or the files."
        )
    return [_input_file(each, location) for each in chosen]


def _walk(directory: str, location: Location) -> Iterator[fs.FileInfo]:
    """Yields the files under a directory, hidden ones left out; of a dataset, its own."""
    for _, children in _directories(directory, location):
        names = {each.base_name for each in children}
        listed = _dataset_files(children, location) if _STATE in names else None
        if missing := sorted((listed or set()) - names):
            raise InputError(
                f"{location.uri(directory)}: its {_STATE} names {missing[0]}, which is not there. "
                "Save the dataset again, or name its files."
            )
        for each in children:
            if each.type != fs.FileType.File:
                continue
            if listed is not None:
                if each.base_name in listed:
                    yield each
            # Beside a dataset are files that `datasets` keeps of earlier calls of `map`.
            elif _DATASET_INFO not in names or not each.base_name.startswith("cache-"):
                yield each


def _directories(
    directory: str, location: Location, above: tuple[str, ...] = ()
) -> Iterator[tuple[str, list[fs.FileInfo]]]:
    """Yields a directory and those under it with what is in each, hidden names left out."""
    real = os.path.realpath(directory) if location.is_local else directory
    if real in above:
        # A link that leads back.
        return
    children = _children(location, directory)
    yield directory, children
    for each in children:
        if each.type == fs.FileType.Directory:
            yield from _directories(each.path, location, (*above, real))


def _dataset_files(children: Sequence[fs.FileInfo], location: Location) -> set[str] | None:
    """Returns the names of the files of a dataset on disk; None if it is something else."""
    path = next(each.path for each in children if each.base_name == _STATE)
    try:
        with location.storage.open_input_stream(path) as stream:
            state = json.loads(stream.read())
        return {str(each["filename"]) for each in state["_data_files"]}
    except (ValueError, KeyError, TypeError):
        return None


def _glob(location: Location) -> list[fs.FileInfo]:
    """Returns what matches a path with wildcards, in the order of paths."""
    components = location.path.split("/")
    first = next(i for i, each in enumerate(components) if _WILDCARD.search(each))
    found = _matches("/".join(components[:first]), components[first:], location)
    return sorted({each.path: each for each in found}.values(), key=lambda each: each.path)


def _matches(directory: str, patterns: Sequence[str], location: Location) -> Iterator[fs.FileInfo]:
    pattern, rest = patterns[0], patterns[1:]
    info = location.storage.get_file_info(directory or "/")
    if info.type != fs.FileType.Directory:
        return
    if pattern == "**":
        for each, children in _directories(directory, location):
            if rest:
                yield from _matches(each, rest, location)
            else:
                yield from (child for child in children if child.type == fs.FileType.File)
        return
    if not _WILDCARD.search(pattern):
        path = posixpath.join(directory, pattern)
        if rest:
            yield from _matches(path, rest, location)
        elif (info := location.storage.get_file_info(path)).type != fs.FileType.NotFound:
            yield info
        return
    hidden = tuple(mark for mark in (".", "_") if not pattern.startswith(mark))
    for each in _children(location, directory, hidden):
        if fnmatch.fnmatchcase(each.base_name, pattern):
            if not rest:
                yield each
            elif each.type == fs.FileType.Directory:
                yield from _matches(each.path, rest, location)
