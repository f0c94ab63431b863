"""The directory of a job's output, where a file is there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs

from distilbert_sentiment_arch.bulk.storage import open_storage
from distilbert_sentiment_arch.errors import OutputError

ASIDE = "_temporary"
"""Where files are written that are not whole yet, under the output."""

_REPLACED = f"{ASIDE}/replaced"
"""Where a file stands while another takes its place, on file systems that do not rename over it;
until that is done it is what is read."""

OBJECT_STORES = ("s3", "gcs", "abfs")
"""File systems in which a file is visible once its upload has ended, and which cannot rename."""


@dataclass(frozen=True)
class FoundFile:
    """A file under the output: its path below it, and its size in bytes."""

    name: str
    size: int


class OutputDirectory:
    """A directory on any file system.

    On this machine a file is written to ``_temporary``, forced to the disk and renamed. On an
    object store it is uploaded whole. On others (HDFS, what fsspec brings) it is uploaded to
    ``_temporary`` and moved: over the file that is there, or, where the file system refuses that,
    once that one is moved aside. ``read`` finds it there, so that a run that is killed in between
    leaves what the next one continues.

    Args:
        uri: A path or a URI.

    Raises:
        OutputError: There is no such file system, or it cannot be reached.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri

    @cached_property
    def _place(self) -> tuple[Any, str]:
        return open_storage(self.uri)

    @property
    def _files(self) -> Any:
        return self._place[0]

    @property
    def path(self) -> str:
        """The path on its file system."""
        return self._place[1].rstrip("/") or "/"

    @property
    def local(self) -> bool:
        """Whether it is on a file system of this machine."""
        return isinstance(self._files, pafs.LocalFileSystem)

    @property
    def kind(self) -> str:
        """Name of the type of file system."""
        return str(self._files.type_name)

    def make(self) -> None:
        """Makes the directory and those in it.

        Raises:
            OutputError: It cannot be written to.
        """
        with self._told("write to"):
            if self.local:
                Path(self.path, ASIDE).mkdir(parents=True, exist_ok=True)
            elif self._moves:
                self._files.create_dir(f"{self.path}/{ASIDE}", recursive=True)

    def read(self, name: str) -> bytes | None:
        """Returns the content of a file; None where there is none."""
        with self._told("read"):
            for path in self._paths(name):
                try:
                    with self._files.open_input_stream(path) as file:
                        return bytes(file.read())
                except FileNotFoundError:
                    continue
        return None

    def write(self, name: str, content: bytes) -> None:
        """Writes a small file; others see all of it or what was there before.

        Raises:
            OutputError: It cannot be written.
        """
        with self.aside(name) as path:
            with self._told("write to"):
                path.write_bytes(content)
            self.put(path, name)

    @contextlib.contextmanager
    def aside(self, name: str) -> Iterator[Path]:
        """Gives a path of this machine to write a file at that ``put`` then takes.

        The file is removed at the end, unless it was put.
        """
        with self._told("write to"):
            if self.local:
                directory = Path(self.path, ASIDE)
                directory.mkdir(parents=True, exist_ok=True)
            else:
                directory = Path(tempfile.gettempdir())
        path = directory / f"{uuid.uuid4().hex}-{Path(name).name}"
        try:
            yield path
        finally:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def put(self, path: Path, name: str) -> None:
        """Makes a file of ``aside`` the one of a name; it stays so through a loss of power.

        Raises:
            OutputError: It cannot be written.
        """
        with self._told("write to"):
            if self.local:
                target = Path(self.path, name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with path.open("rb") as file:
                    os.fsync(file.fileno())
                os.replace(path, target)
                _sync_directory(target.parent)
            elif self.kind in OBJECT_STORES:
                self._upload(path, f"{self.path}/{name}")
            else:
                uploaded = f"{ASIDE}/{path.name}"
                self._upload(path, f"{self.path}/{uploaded}")
                self._move(uploaded, name)

    def _move(self, uploaded: str, name: str) -> None:
        """Makes an uploaded file the one of a name; at every moment there is the old or the new."""
        if self._moved(uploaded, name):
            return
        aside = f"{_REPLACED}/{name}"
        if self._exists(name):
            self._delete(aside)
            if self._moved(name, aside) and self._moved(uploaded, name):
                self._delete(aside)
                return
        raise OSError(f"{name} cannot be replaced")

    def _moved(self, name: str, new: str) -> bool:
        """Moves a file; returns False where the file system refuses to, because there is one.

        Raises:
            OSError: It is refused for another reason.
        """
        path, target = f"{self.path}/{name}", f"{self.path}/{new}"
        self._files.create_dir(target.rpartition("/")[0], recursive=True)
        try:
            self._files.move(path, target)
        except OSError:
            if not self._exists(new):
                raise
        # Some refuse in silence.
        return not self._exists(name)

    def _exists(self, name: str) -> bool:
        found = self._files.get_file_info(f"{self.path}/{name}")
        return bool(found.type != pafs.FileType.NotFound)

    def _delete(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._files.delete_file(f"{self.path}/{name}")

    def _paths(self, name: str) -> Sequence[str]:
        """Returns where a file may be, in the order to look."""
        path = f"{self.path}/{name}"
        # Between the first two looks it may have been replaced.
        return [path, f"{self.path}/{_REPLACED}/{name}", path] if self._moves else [path]

    @property
    def _moves(self) -> bool:
        """Whether files come to their names by being moved there."""
        return not self.local and self.kind not in OBJECT_STORES

    def _upload(self, path: Path, target: str) -> None:
        with path.open("rb") as source, self._files.open_output_stream(target) as stream:
            shutil.copyfileobj(source, stream, 4 * 2**20)

    def modified(self, name: str) -> float | None:
        """Returns when a file was written, in seconds by the clock of its file system."""
        with self._told("read"):
            moments = (self._files.get_file_info(path).mtime for path in self._paths(name))
            return next((each.timestamp() for each in moments if each is not None), None)

    def remove(self, name: str) -> None:
        """Removes a file if it is there."""
        path = f"{self.path}/{name}"
        with self._told("write to"):
            if self._moves:
                self._delete(f"{_REPLACED}/{name}")
            try:
                self._files.delete_file(path)
            except OSError:
                # On an object store it then makes an object for the directory, which may fail.
                if self._files.get_file_info(path).type != pafs.FileType.NotFound:
                    raise

    def clear_aside(self) -> None:
        """Removes what runs that were killed left in ``_temporary``."""
        with self._told("write to"):
            if self.local:
                shutil.rmtree(Path(self.path, ASIDE), ignore_errors=True)
            elif self._moves:
                self._put_back()
                with contextlib.suppress(FileNotFoundError):
                    self._files.delete_dir(f"{self.path}/{ASIDE}")

    def _put_back(self) -> None:
        """Moves files that were to be replaced, and were not, to their names again."""
        base = f"{self.path}/{_REPLACED}"
        selector = pafs.FileSelector(base, allow_not_found=True, recursive=True)
        for each in self._files.get_file_info(selector):
            name = each.path.rpartition(f"{_REPLACED}/")[2]
            if each.type == pafs.FileType.File and not self._exists(name):
                self._moved(f"{_REPLACED}/{name}", name)

    def files(self, under: str = "") -> list[FoundFile]:
        """Lists the files directly in the directory, or in one below it, by name."""
        base = f"{self.path}/{under}" if under else self.path
        with self._told("read"):
            selector = pafs.FileSelector(base, allow_not_found=True)
            found = self._files.get_file_info(selector)
        files = [each for each in found if each.type == pafs.FileType.File]
        prefix = f"{under}/" if under else ""
        return sorted(
            (FoundFile(f"{prefix}{each.base_name}", each.size or 0) for each in files),
            key=lambda each: each.name,
        )

    @contextlib.contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """Turns what the file system raises into an error that names the output."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(
                f"{self.uri}: cannot {doing} the output: {reason}. What was done before is kept: "
                "run the same command again once this is mended, or choose another --output."
            ) from error


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
