"""An actor class for pipelines of Ray Data: answers beside the columns of each batch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from distilbert_sentiment_arch.bulk.cluster.core_limit import threads_for
from distilbert_sentiment_arch.bulk.job.schema import answer_arrays, refuse_clash
from distilbert_sentiment_arch.bulk.rows import Window
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer
from distilbert_sentiment_arch.classify.interface import TextPair, TruncationMode
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.messages import shown
from distilbert_sentiment_arch.settings.precision import PrecisionSetting
from max_sentiment.arguments import is_missing, model_options

if TYPE_CHECKING:
    import pandas as pd

    Batch = TypeVar("Batch", pa.Table, dict[str, Any], pd.DataFrame)
else:
    Batch = TypeVar("Batch")

_WINDOW_ROWS = 4096
"""Rows that are sorted by length together."""


class ScoreTexts:
    """Adds the columns of ``max-sentiment score`` to batches; for ``Dataset.map_batches``.

    Each actor loads the model once, and computes with as many threads as Ray gave it cores. ::

        ds.map_batches(
            ScoreTexts,
            fn_constructor_kwargs={"text": "review"},
            batch_format="pyarrow",
            batch_size=4096,
            num_cpus=4,
            compute=ray.data.ActorPoolStrategy(size=2),
        )

    Args:
        model: A directory or a hub id that each node reaches, the name of a word list
            (``afinn-111``, ``mvp-29``), or None for the embedded checkpoint.
        text: Column of the texts.
        text_pair: Column of the second texts, for models of pairs; None for single texts.
        revision: Branch, tag or commit of a hub id.
        precision: ``float32``, ``bfloat16x3``, ``bfloat16``, ``int8`` or ``auto``; None for the
            environment's.
        device: ``cpu``, ``gpu``, or ``auto`` for a GPU whose probe passed on the node; None for the
            GPU that Ray gave, or the CPU.
        truncation: ``end`` and ``start`` cut that side of a text over the model's limit off, and
            ``window`` reads all of it.
        fallback: The word list that answers a row for which the model fails; None for none.

    Raises:
        CheckpointError: The model cannot be loaded, or a setting is not one of those above.
        DeviceError: MAX does not find the accelerator on this node.
        InputError: There is no such truncation.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | None = None,
        *,
        text: str = "text",
        text_pair: str | None = None,
        revision: str | None = None,
        precision: PrecisionSetting | None = None,
        device: str | None = None,
        truncation: TruncationMode = "end",
        fallback: str | None = None,
    ) -> None:
        self._columns = (text,) if text_pair is None else (text, text_pair)
        given = _resources()
        options = model_options(model, revision, precision, fallback, truncation)
        if device is None:
            device = "gpu" if given.get("GPU", 0) > 0 else "cpu"
        processors = int(given.get("CPU", 0))
        if processors:
            pa.set_cpu_count(processors)
        with threads_for(processors or sys.maxsize):
            self._scorer = load_scorer(options, device)

    def __call__(self, batch: Batch) -> Batch:
        """Returns a batch with the columns of the answer behind its own.

        A text without an answer (null, blank, over a limit) has its reason in ``error``; its
        ``label``, ``score`` and ``probabilities`` are null.

        Args:
            batch: An Arrow table, arrays by name, or a pandas frame; the result is of the same
                kind. Arrow tables have the types of ``max-sentiment score``.

        Raises:
            InputError: There is no such column, or one has the name of a column of the answer.
            Unavailable: The model does not answer at all any more.
        """
        return self._with_answers(batch)  # type: ignore[no-any-return]

    def _with_answers(self, batch: Any) -> Any:
        names = _names(batch)
        missing = [name for name in self._columns if name not in names]
        if missing:
            raise InputError(
                f"The batch has no column {shown(missing[0])}. Its columns: "
                f"{', '.join(map(shown, names))}. Name one of them as text or text_pair."
            )
        answers = self._answers([_values(batch[name]) for name in self._columns])
        refuse_clash(names, answers.column_names)
        if isinstance(batch, pa.Table):
            fields = [*batch.schema, *answers.schema]
            schema = pa.schema(fields, metadata=batch.schema.metadata)
            return pa.Table.from_arrays([*batch.columns, *answers.columns], schema=schema)
        columns = {name: _array(answers.column(name)) for name in answers.column_names}
        if isinstance(batch, dict):
            return batch | columns
        # A cell of a frame holds one value.
        return batch.assign(**columns | {"probabilities": list(columns["probabilities"])})

    def _answers(self, columns: Sequence[Sequence[object]]) -> pa.Table:
        labels = self._scorer.identity.answers
        scored = list(self._scorer.score(_windows(columns, self._columns)))
        return pa.concat_tables(pa.table(answer_arrays(each.scores, labels)) for each in scored)


def _resources() -> Mapping[str, float]:
    """Returns what Ray gave the actor that runs here; nothing outside of one."""
    ray = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        return {}
    try:
        resources: Mapping[str, float] = ray.get_runtime_context().get_assigned_resources()
    except RuntimeError:  # the driver
        return {}
    return resources


def _names(batch: Any) -> list[str]:
    if isinstance(batch, pa.Table):
        return list(batch.column_names)
    return [str(name) for name in batch]


def _values(column: Any) -> Sequence[object]:
    """Returns the values of a column: of Arrow, NumPy or pandas."""
    found: Sequence[object] = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
    return found


def _windows(columns: Sequence[Sequence[object]], names: Sequence[str]) -> Iterator[Window]:
    # One window without rows where the batch has none: its answer has the columns, too.
    for start in range(0, len(columns[0]) or 1, _WINDOW_ROWS):
        parts = [column[start : start + _WINDOW_ROWS] for column in columns]
        rows = [_row(values, names) for values in zip(*parts, strict=True)]
        yield Window(
            pa.table({"": pa.nulls(len(rows))}),
            [text for text, _ in rows],
            [error for _, error in rows],
        )


def _row(
    values: Sequence[object], names: Sequence[str]
) -> tuple[str | TextPair | None, str | None]:
    for value, name in zip(values, names, strict=True):
        if not isinstance(value, str):
            kind = "nothing" if is_missing(value) else f"a {type(value).__name__}"
            return None, f"The column {shown(name)} has {kind} here, and no text."
    first, *rest = (str(value) for value in values)
    return (TextPair(first, rest[0]) if rest else first), None


def _array(column: pa.ChunkedArray) -> Any:
    """Returns a column of the answer as NumPy has it; texts are objects."""
    if not pa.types.is_fixed_size_list(column.type):
        return column.to_numpy(zero_copy_only=False)
    width = column.type.list_size
    rows = [[np.nan] * width if row is None else row for row in column.to_pylist()]
    return np.array(rows, np.float32).reshape(len(rows), width)
