"""Passes on an accelerator: copies to and from page-locked memory, next to the pass before.

A pass has two places to be in. While the accelerator computes the one, the host writes the next
batch into the other and queues its copy, its pass and the copy of its logits. Nobody waits until
the logits are asked for. The copy to the accelerator has a queue of its own and does not stand
behind the running pass. Memory is allocated for the largest batch so far, and reused.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from max.driver import Buffer, Device, DeviceEvent, DeviceQueue, Usage
from max.dtype import DType

from distilbert_sentiment_arch.engine.ragged_inputs import Array

PLACES = 2
"""Passes that may be under way at a time."""

ALIGNMENT = 256
"""Bytes that each array's start is a multiple of, as MAX's allocations are."""

_LEAST_BYTES = 1 << 16

Execute = Callable[..., Sequence[Buffer]]
"""Queues a pass over the inputs of a graph, on the default queue of their device."""


class StartedPass:
    """A pass that is under way.

    Args:
        done: Passed on the accelerator once the logits are in the host's memory.
        rows: That memory.
        used: What the pass reads until then, to be kept.
        leave: Called once, when the place is free again.
    """

    def __init__(
        self,
        done: DeviceEvent,
        rows: Buffer,
        used: Sequence[Buffer],
        leave: Callable[[], None],
    ) -> None:
        self._done = done
        self._rows = rows
        self._used = used
        self._leave = leave

    def logits(self) -> npt.NDArray[np.float32]:
        """Waits for the pass and returns its logits, ``(batch, num_labels)``; to be called once.

        Raises:
            ValueError: The accelerator failed.
        """
        try:
            self._done.synchronize()
            return np.array(self._rows.to_numpy(), np.float32)
        finally:
            self._used = ()
            self._leave()


@dataclass
class _Place:
    """Memory of one pass: page-locked, on the accelerator behind the copy, and for the graph."""

    pinned: Buffer
    arrived: Buffer
    inputs: Buffer
    logits: Buffer


class DeviceTransfer:
    """Carries batches to an accelerator and logits back.

    Args:
        device: The accelerator.
        on_host: Of each input of the graph, whether it stays in the host's memory.
        execute: Queues a pass.
    """

    def __init__(self, device: Device, on_host: Sequence[bool], execute: Execute) -> None:
        self._device = device
        self._on_host = on_host
        self._execute = execute
        self._copies = DeviceQueue(device)
        self._free: list[_Place | None] = [None] * PLACES
        self._freed = threading.Semaphore(PLACES)
        self._queueing = threading.Lock()

    def start(self, arrays: Sequence[Array]) -> StartedPass:
        """Queues a pass, and waits for a place where two passes are under way.

        Args:
            arrays: The inputs of the graph, in order.
        """
        self._freed.acquire()
        with self._queueing:
            place = self._free.pop()
            try:
                return self._queue(place, arrays)
            except BaseException:
                self._leave(place)
                raise

    def _queue(self, place: _Place | None, arrays: Sequence[Array]) -> StartedPass:
        layout = _layout([array for array, on_host in self._pairs(arrays) if not on_host])
        if place is None or place.pinned.num_elements < layout.size:
            place = self._allocate(layout.size)
        content = place.pinned.to_numpy()
        for start, array in zip(layout.starts, layout.arrays, strict=True):
            content[start : start + array.nbytes] = array.reshape(-1).view(np.uint8)
        default = self._device.default_queue
        place.arrived[: layout.size].inplace_copy_from(place.pinned[: layout.size])
        default.wait_for(self._copies)
        place.inputs[: layout.size].inplace_copy_from(place.arrived[: layout.size])
        default.wait_for(self._copies)  # whichever of the two queues MAX has put that copy in

        views = iter(layout.views(place.inputs))
        inputs = [
            Buffer.from_numpy(array) if on_host else next(views)
            for array, on_host in self._pairs(arrays)
        ]
        (logits,) = self._execute(*inputs)
        if place.logits.num_elements < logits.num_elements:
            place.logits = self._staging(DType.float32, 2 * logits.num_elements)
        rows = place.logits[: logits.num_elements].view(DType.float32, tuple(logits.shape))
        rows.inplace_copy_from(logits)
        done = default.record_event()
        return StartedPass(done, rows, [*inputs, logits], lambda: self._leave(place))

    def _pairs(self, arrays: Sequence[Array]) -> list[tuple[Array, bool]]:
        return list(zip(arrays, self._on_host, strict=True))

    def _allocate(self, size: int) -> _Place:
        size = max(_LEAST_BYTES, 1 << (size - 1).bit_length())
        return _Place(
            pinned=self._staging(DType.uint8, size),
            arrived=Buffer(DType.uint8, (size,), stream=self._copies),
            inputs=Buffer(DType.uint8, (size,), device=self._device),
            logits=self._staging(DType.float32, ALIGNMENT),
        )

    def _staging(self, dtype: DType, elements: int) -> Buffer:
        # Not tracked by MAX: a place is free once its logits were waited for.
        usage = Usage.STAGING | Usage.UNTRACKED
        return Buffer(dtype, (elements,), device=self._device, usage=usage)

    def _leave(self, place: _Place | None) -> None:
        self._free.append(place)
        self._freed.release()


@dataclass(frozen=True)
class _Layout:
    """Arrays in one piece of memory.

    Attributes:
        arrays: The arrays.
        starts: The byte that each begins at.
        size: Bytes of all.
    """

    arrays: Sequence[Array]
    starts: Sequence[int]
    size: int

    def views(self, memory: Buffer) -> list[Buffer]:
        """Returns the part of each array, with its dtype and shape."""
        return [
            memory[start : start + array.nbytes].view(
                DType.from_numpy(array.dtype), tuple(array.shape)
            )
            for start, array in zip(self.starts, self.arrays, strict=True)
        ]


def _layout(arrays: Sequence[Array]) -> _Layout:
    starts, size = [], 0
    for array in arrays:
        starts.append(size)
        size += math.ceil(array.nbytes / ALIGNMENT) * ALIGNMENT
    return _Layout(arrays, starts, size)
