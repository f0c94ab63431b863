"""Columns by name, and types that go together."""

from __future__ import annotations

import pyarrow as pa
import pytest

from distilbert_sentiment_arch.bulk.options import InputOptions
from distilbert_sentiment_arch.bulk.reading.columns import (
    check_schema,
    choose_columns,
    common_type,
    is_text_type,
)
from distilbert_sentiment_arch.errors import InputError

NAMES = ["id", "Review", "answer", "stars"]


def test_all_columns_are_kept_unless_some_are_named() -> None:
    assert choose_columns(NAMES, InputOptions(text="Review"), "a.csv").kept == tuple(NAMES)
    some = choose_columns(NAMES, InputOptions(text="Review", keep=("stars", "id", "id")), "a.csv")
    assert some.kept == ("stars", "id")
    assert some.read == ("stars", "id", "Review")


def test_a_pair_has_two_columns() -> None:
    pair = choose_columns(NAMES, InputOptions(text="Review", text_pair="answer"), "a.csv")
    assert pair.texts == ("Review", "answer")


def test_nothing_may_be_kept() -> None:
    assert choose_columns(NAMES, InputOptions(text="Review", keep=()), "a.csv").kept == ()


@pytest.mark.parametrize(
    ("options", "param", "meant"),
    [
        (InputOptions(text="review"), "--text", "Review"),
        (InputOptions(text=" Reviews"), "--text", "Review"),
        (InputOptions(text="Review", text_pair="anwser"), "--text-pair", "answer"),
        (InputOptions(text="Review", keep=("id", "star")), "--keep", "stars"),
    ],
)
def test_a_wrong_name_lists_those_there_are_and_the_one_meant(
    options: InputOptions, param: str, meant: str
) -> None:
    with pytest.raises(InputError) as error:
        choose_columns(NAMES, options, "a.csv")
    assert f"Was '{meant}' meant?" in str(error.value)
    assert "'id', 'Review', 'answer', 'stars'" in str(error.value)
    assert param in str(error.value)


def test_a_name_like_none_there_is_has_no_guess() -> None:
    with pytest.raises(InputError) as error:
        choose_columns(NAMES, InputOptions(text="zzz"), "a.csv")
    assert "meant" not in str(error.value)


def test_a_name_twice_matters_only_where_it_is_used() -> None:
    names = ["id", "text", "id"]
    assert choose_columns(names, InputOptions(keep=("text",)), "a.csv").read == ("text",)
    with pytest.raises(InputError, match="2 columns named 'id'"):
        choose_columns(names, InputOptions(), "a.csv")


def test_hundreds_of_columns_do_not_fill_the_terminal() -> None:
    with pytest.raises(InputError, match="and 470 more") as error:
        choose_columns([f"column {number}" for number in range(500)], InputOptions(), "a.csv")
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int8(), pa.large_string()),
        pa.null(),
        pa.json_(),
    ],
    ids=str,
)
def test_texts_come_in_many_types(kind: pa.DataType) -> None:
    assert is_text_type(kind)
    schema = pa.schema([("text", kind)])
    check_schema(schema, choose_columns(["text"], InputOptions(), "a"), "a")


def test_numbers_and_lists_are_no_texts() -> None:
    schema = pa.schema([("text", pa.list_(pa.string())), ("title", pa.string())])
    with pytest.raises(InputError, match=r"holds list.* not text\. Columns of text: 'title'"):
        check_schema(schema, choose_columns(schema.names, InputOptions(), "a"), "a")


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        (pa.int32(), pa.int64(), pa.int64()),
        (pa.int64(), pa.int8(), pa.int64()),
        (pa.uint8(), pa.int8(), pa.int16()),
        (pa.int64(), pa.uint32(), pa.int64()),
        (pa.uint64(), pa.int64(), None),
        (pa.float32(), pa.float64(), pa.float64()),
        (pa.null(), pa.date32(), pa.date32()),
        (pa.date32(), pa.null(), pa.date32()),
        (pa.string(), pa.large_string(), pa.string()),
        (pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.large_string()),
        (pa.int64(), pa.float64(), None),
        (pa.int64(), pa.string(), None),
        (pa.timestamp("s"), pa.timestamp("ms"), None),
        (pa.list_(pa.int64()), pa.list_(pa.string()), None),
    ],
    ids=str,
)
def test_two_types_go_together_if_one_holds_all_values_of_both(
    one: pa.DataType, other: pa.DataType, common: pa.DataType | None
) -> None:
    assert common_type(one, other) == common
