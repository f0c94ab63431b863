"""Explanations in a terminal: words with their marks, in colour where the terminal has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.text import Text

from distilbert_sentiment_arch.cli.explanation_marks import (
    Part,
    counted,
    marked_label,
    parts_of,
    read_note,
    visible,
)
from distilbert_sentiment_arch.explain.explanation import Explanation

LEGEND = (
    "+ speaks for the label and - against it: one sign from a tenth, two from a third, three from "
    "two thirds of the strongest change in the text."
)

_STYLES = {
    3: "bold underline green",
    2: "underline green",
    1: "green",
    -1: "red",
    -2: "underline red",
    -3: "bold underline red",
}


def console_of(file: TextIO) -> Console:
    """Returns the console that explanations are printed on; its colours are the terminal's."""
    return Console(file=file, highlight=False, soft_wrap=True)


def show(console: Console, text: str, explanation: Explanation) -> None:
    """Prints the answer, the text with its marks, and what the strongest change is."""
    answer = explanation.classification
    line = Text(answer.label, style="bold")
    for name, score in zip(answer.labels.names, answer.scores, strict=True):
        line.append(f"  {name} {score:.4f}", style="not bold")
    console.print(line)
    console.print(_marked(list(parts_of(text, explanation))))
    label = marked_label(explanation)
    strongest = max((unit.logits[label] for unit in explanation.units), key=abs, default=0.0)
    notes = [
        f"marks are of {answer.labels.names[label]}, the strongest {strongest:+.3g} of its logit",
        explanation.method,
        counted(len(explanation.units), explanation.unit),
        counted(explanation.passes, "pass"),
    ]
    if note := read_note(explanation):
        notes.append(note)
    console.print(Text("; ".join(notes), style="dim"))
    console.print()


def _marked(parts: Sequence[Part]) -> Text:
    line = Text()
    for part in parts:
        style = _STYLES.get(part.level, "")
        line.append(visible(part.text), style=style)
        if part.level:
            line.append(f"[{part.signs}]", style=style)
    return line
