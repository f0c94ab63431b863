"""The rungs of encoders: a small one in the kernels by precision, and the whole classifier."""

from __future__ import annotations

import base64
import os
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from max.driver import CPU, Buffer
from max.dtype import DType
from max.engine import InferenceSession
from max.graph.weights import load_weights

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence, single_segment
from distilbert_sentiment_arch.engine import device_choice, self_check
from distilbert_sentiment_arch.engine.check_sentences import SENTENCES
from distilbert_sentiment_arch.engine.code_weights import has_codes
from distilbert_sentiment_arch.engine.device_choice import DeviceChoice
from distilbert_sentiment_arch.engine.graph_weights import convert
from distilbert_sentiment_arch.engine.in_process import InProcessModel, load_model
from distilbert_sentiment_arch.engine.inputs import pack_sequences
from distilbert_sentiment_arch.engine.model import KERNELS_SWITCH
from distilbert_sentiment_arch.engine.numpy_encoder import Floats, numpy_logits
from distilbert_sentiment_arch.engine.packed_layers import PackedEncoderForSequenceClassification
from distilbert_sentiment_arch.engine.packed_loading import PackedLoader
from distilbert_sentiment_arch.engine.probing.comparison import Answer, compare
from distilbert_sentiment_arch.engine.probing.oracles import SMALL_ENCODER, Widened, small_weights
from distilbert_sentiment_arch.engine.probing.rung_run import NoKernel, Run, timed
from distilbert_sentiment_arch.errors import CompilerError
from distilbert_sentiment_arch.machine.processor import UNITS, read_processor
from distilbert_sentiment_arch.settings.precision import PRECISIONS, Precision

_LENGTHS = (1, 2, 5, 17, 32, 64)


def kernels(run: Run) -> Answer:
    """Runs the small encoder in the Mojo kernels, in the precision of the rung."""
    precision = _precision(run.dtype)
    processor = read_processor()
    if not processor.computes(precision):
        units = " or ".join(UNITS[precision])
        reason = f"{precision} needs {units}, and {processor.name} has none of them"
        return {"outcome": "no kernel", "reason": reason}
    weights, config = small_weights(), SMALL_ENCODER
    generator = np.random.default_rng(20)
    sequences = [
        single_segment(generator.integers(0, config.vocab_size, length)) for length in _LENGTHS
    ]
    expected = numpy_logits(Widened(weights), config, sequences)
    session = InferenceSession(devices=[CPU()])
    run.phase("compiling")
    loader = PackedLoader(
        session, PackedEncoderForSequenceClassification, config, lambda: weights, list, _unused
    )
    try:
        loaded = loader.load(precision)
    except CompilerError as error:
        raise NoKernel from error
    run.phase("running")
    inputs = pack_sequences(sequences).packed(token_types=config.has_token_types)
    buffers = [Buffer.from_numpy(each) for each in inputs]

    def once() -> npt.NDArray[Any]:
        return np.array(loaded.model.execute(*buffers)[0].to_numpy())

    found, milliseconds = timed(once)
    return {**compare(found, expected, run.tolerance), "milliseconds": milliseconds}


def classifier(run: Run) -> Answer:
    """Runs the whole classifier over the sentences of the self-check.

    It is held against ``numpy_encoder`` in float64 where that computes such an encoder, and
    otherwise against what does not compute it here: on an accelerator the kernels for the CPU, on
    a CPU MAX's own operations.
    """
    # A request of the process that started this one, see rung_process.
    checkpoint: NamedCheckpoint = pickle.loads(base64.b64decode(run.request["checkpoint"]))  # noqa: S301
    run.phase("compiling")
    number = run.number
    device = device_choice.CPU if number is None else DeviceChoice("gpu", number)
    try:
        model = load_model(checkpoint, device, _precision(run.dtype))
    except Exception as error:  # MAX and its compiler raise whatever they have
        raise NoKernel from error
    if model.precision.precision != run.dtype:
        return {"outcome": "no kernel", "reason": str(model.precision)}
    sequences = _sentences(model)
    run.phase("running")
    found, milliseconds = timed(lambda: self_check.in_groups(sequences, model.logits))
    run.phase("computing what is expected")
    expected = _expected(checkpoint, device, sequences)
    run.phase("comparing")
    answer = compare(found, expected, run.tolerance)
    if run.dtype != "float32":
        verdict = self_check.compare(expected.astype(np.float32), found)
        outcome = "works" if verdict.passed else "wrong numbers"
        answer.update(outcome=outcome, reason="" if verdict.passed else verdict.figures)
    return {**answer, "milliseconds": milliseconds}


def _expected(
    checkpoint: NamedCheckpoint, device: DeviceChoice, sequences: Sequence[TokenSequence]
) -> npt.NDArray[Any]:
    config = checkpoint.checkpoint.config.encoder
    if has_codes(config):
        weights = Widened(_float_weights(checkpoint))
        return self_check.in_groups(sequences, lambda batch: numpy_logits(weights, config, batch))
    if not device.is_accelerator:
        os.environ[KERNELS_SWITCH] = "off"
    return self_check.in_groups(sequences, load_model(checkpoint, precision="float32").logits)


def _sentences(model: InProcessModel) -> list[TokenSequence]:
    tokenized = model.tokenizer.tokenize(SENTENCES)
    return [each.kept((0, model.max_length)) for each in tokenized]


def _float_weights(checkpoint: NamedCheckpoint) -> Mapping[str, Floats]:
    found = checkpoint.checkpoint
    family = found.config.family
    state = dict(load_weights(list(found.weight_files)).items())
    specs = family.tensor_specs(found.config.encoder)
    converted = convert(state, specs, family.architecture, DType.float32, family.dropped)
    return {name: np.asarray(np.from_dlpack(data), np.float32) for name, data in converted.items()}


def _precision(name: str) -> Precision:
    return next(each for each in PRECISIONS if each == name)


def _unused() -> Any:
    raise AssertionError("the rung compares by itself")
