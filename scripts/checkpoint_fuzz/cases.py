"""Random damage to checkpoints: values, structure, bytes and kinds of files."""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path
from typing import Any, get_args

from hypothesis import strategies as st

from scripts.checkpoint_fuzz.base import Checkpoint, Variant, Weights, valid_checkpoint

# Literals that json.dumps cannot write: inserted as marked strings, whose quotes and mark are
# removed afterwards.
_MARK = "@raw@"
_RAW = ("9e999", "-9e999", "NaN", "-Infinity", "1" * 4300, "1" * 4301, "-0", "1E400", "1e5")

_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2, 3, 5, 1.5, 0.0),
    *(2**31, 2**32, 2**63 - 1, 2**63, 2**64, 10**6, 10**7, 10**18),
    *(f"{_MARK}{raw}" for raw in _RAW),
    *("", " ", "0", "00", "NEGATIVE", "[CLS]", "[SEP]", "[UNK]", "good", "##a"),
    *("\ud800", "\0", "\x1b[2J", "\u202e", "\n", "a\rb", "\U0001f600", "\u200d"),
    *("x" * 5000, "../../etc/passwd", "/dev/zero", "..", "a/b", "model.safetensors"),
    *("I64", "F16", "BF16", "F8_E4M3", "BPE", "Unigram", "WordLevel", "ByteLevel", "Sequence"),
    *("PreTrainedTokenizerFast", "RobertaTokenizer", "BertJapaneseTokenizer", "gelu_new"),
    *([], {}, [[]], [None], [0, 0], [1e308], {"a": 1}, {"type": "BPE"}, {"content": "[CLS]"}),
    *([1] * 400_000, {str(each): f"l{each}" for each in range(20_000)}, ["[CLS]"] * 50),
)

_KEYS = (
    *("auto_map", "quantization_config", "rope_scaling", "hidden_size", "num_labels", "dtype"),
    *("tokenizer_class", "tokenizer_file", "vocab_file", "init_inputs", "fast_tokenizer_files"),
    *("added_tokens_decoder", "extra_special_tokens", "additional_special_tokens", "pad_token"),
    *("do_lower_case", "model_max_length", "padding_side", "bos_token", "chat_template", "id"),
    *("strip_accents", "truncation", "padding", "content", "weight_map", "__metadata__", "a.gamma"),
    *("classifier.gamma", "torch_dtype", "pre_classifier.weight", "", "\ud800", "k" * 5000),
)

_SPLICES = (
    *(b"", b"\xff\xfe", b"\0", b"\xef\xbb\xbf", b"{", b"}", b"[", b"]", b'"', b",", b"\\ud800"),
    *(b"9e999", b"NaN", b"[" * 100_000, b"[1]," * 100_000, b'{"a":' * 2000, b"\n" * 1000, b"-"),
)

_KINDS = ("missing", "directory", "pipe", "socket", "zeros", "dangling", "loop", "sparse", "empty")
_EXTRA_FILES = ("generation_config.json", "chat_template.jinja", "tokenizer.model", "notes.txt")
_LENGTHS = (0, 1, 7, 8, 2**20, 2**27, 2**31, 2**63, 2**64 - 1)


@st.composite
def checkpoints(draw: st.DrawFn) -> Checkpoint:
    """Draws a checkpoint with one to three kinds of damage."""
    variant: Variant = draw(st.sampled_from(get_args(Variant)))
    checkpoint = valid_checkpoint(variant, draw(st.sampled_from((1, 1, 2))))
    for _ in range(draw(st.integers(1, 3))):
        damage = draw(st.sampled_from((_value, _value, _value, _value, _bytes, _kind, _weights)))
        damage(draw, checkpoint)
    return checkpoint


def _value(draw: st.DrawFn, checkpoint: Checkpoint) -> None:
    """Changes a value, a key or the structure of a document or of a header."""
    trees = [*checkpoint.documents.values(), *(each.header for each in checkpoint.weights.values())]
    tree = draw(st.sampled_from(trees))
    places = _places(tree)
    if not places:
        return
    node, key = draw(st.sampled_from(places))
    what = draw(
        st.sampled_from(("set", "set", "set", "remove", "rename", "wrap", "insert", "copy"))
    )
    if what == "set":
        node[key] = draw(_values())
    elif what == "remove":
        del node[key]
    elif what == "wrap":
        node[key] = [node[key]]
    elif what == "copy":
        other, place = draw(st.sampled_from(places))
        if place in other if isinstance(other, dict) else place < len(other):
            node[key] = json.loads(json.dumps(other[place]))
    elif isinstance(node, dict):
        value = draw(_values()) if what == "insert" else node.pop(key)
        node[draw(st.sampled_from(_KEYS))] = value
    else:
        node.insert(key, draw(_values()))


def _values() -> st.SearchStrategy[Any]:
    deep: Any = []
    for _ in range(80):
        deep = [deep]
    drawn = st.one_of(
        st.sampled_from(_VALUES), st.just(deep), st.integers(-3, 100), st.text(max_size=5)
    )
    # Copied, because further damage changes values in place.
    return drawn.map(lambda value: json.loads(json.dumps(value)))


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """Returns at most 300 places in a tree, each as its container and its key there."""
    found: list[tuple[Any, Any]] = []
    nodes = [tree]
    while nodes and len(found) < 300:
        node = nodes.pop(0)
        if not isinstance(node, dict | list) or len(node) > 1000:
            continue
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        found += [(node, key) for key in keys]
        nodes += [node[key] for key in keys]
    return found


def _bytes(draw: st.DrawFn, checkpoint: Checkpoint) -> None:
    """Replaces some bytes of a file."""
    name = draw(st.sampled_from(checkpoint.names()))
    blob = _blob(checkpoint, name)
    start = draw(st.integers(0, len(blob)))
    end = draw(st.sampled_from((start, start, min(start + 1, len(blob)), len(blob))))
    checkpoint.raw[name] = blob[:start] + draw(st.sampled_from(_SPLICES)) + blob[end:]


def _kind(draw: st.DrawFn, checkpoint: Checkpoint) -> None:
    """Replaces a file by another kind of file, or adds an unexpected one."""
    name = draw(st.sampled_from((*checkpoint.names(), *_EXTRA_FILES)))
    checkpoint.kinds[name] = draw(st.sampled_from(_KINDS))


def _weights(draw: st.DrawFn, checkpoint: Checkpoint) -> None:
    """Damages the length field, the data or the end of a safetensors file."""
    weights = draw(st.sampled_from(list(checkpoint.weights.values())))
    what = draw(st.sampled_from(("length", "nan", "tail", "cut")))
    if what == "length":
        weights.length = draw(st.sampled_from(_LENGTHS))
    elif what == "nan" and len(weights.data) >= 4:
        place = draw(st.integers(0, len(weights.data) // 4 - 1)) * 4
        weights.data = weights.data[:place] + b"\0\0\xc0\x7f" + weights.data[place + 4 :]
    elif what == "tail":
        weights.data += bytes(draw(st.sampled_from((1, 4, 10**6))))
    else:
        weights.data = weights.data[: draw(st.integers(0, len(weights.data)))]


def _blob(checkpoint: Checkpoint, name: str) -> bytes:
    if name in checkpoint.raw:
        return checkpoint.raw[name]
    if name in checkpoint.documents:
        return _json(checkpoint.documents[name])
    weights: Weights = checkpoint.weights[name]
    head = _json(weights.header)
    length = len(head) if weights.length is None else weights.length
    return length.to_bytes(8, "little") + head + weights.data


def _json(document: Any) -> bytes:
    text = json.dumps(document)
    return re.sub(f'"{_MARK}([^"]*)"', r"\1", text).encode()


def write(checkpoint: Checkpoint, directory: Path) -> None:
    """Writes a checkpoint into an empty directory."""
    for name in checkpoint.names():
        if name not in checkpoint.kinds:
            (directory / name).write_bytes(_blob(checkpoint, name))
    for name, kind in checkpoint.kinds.items():
        _put(directory / name, kind)


def _put(path: Path, kind: str) -> None:
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            place = os.getcwd()
            # The path of a socket may have about a hundred bytes only, so a relative one is used.
            os.chdir(path.parent)
            try:
                server.bind(path.name)
            finally:
                os.chdir(place)
    elif kind == "zeros":
        path.symlink_to("/dev/zero")
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "sparse":
        path.touch()
        os.truncate(path, 2**40)
    elif kind == "empty":
        path.touch()
