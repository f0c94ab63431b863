"""Explanations as one HTML file, which loads nothing, runs nothing and holds text as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from distilbert_sentiment_arch.cli.explanation_marks import (
    Part,
    counted,
    marked_label,
    parts_of,
    read_note,
    visible,
)
from distilbert_sentiment_arch.cli.explanation_text import LEGEND
from distilbert_sentiment_arch.explain.explanation import Explanation
from distilbert_sentiment_arch.html_document import html_document

_STYLE = """
:root { color-scheme: light dark; --for: #0a6b3d; --against: #a8261c; --line: #d0d4d9;
  --quiet: #57606a; --for-back: #0a6b3d1c; --against-back: #a8261c1c; }
@media (prefers-color-scheme: dark) {
  :root { --for: #6fd6a0; --against: #ff9d92; --line: #3c434b; --quiet: #a2abb5;
    --for-back: #6fd6a022; --against-back: #ff9d9222; } }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.1rem; margin-bottom: .3rem; }
article { border-top: 1px solid var(--line); padding: .5rem 0 1rem; }
p.text { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 1.1rem; line-height: 2; }
.for, .against { border-radius: .2rem; text-decoration-line: underline;
  text-underline-offset: .25em; }
.for { color: var(--for); text-decoration-style: solid; }
.against { color: var(--against); text-decoration-style: wavy; }
.s1 { text-decoration-thickness: 1px; } .s2 { text-decoration-thickness: 2px; }
.s3 { text-decoration-thickness: 3px; font-weight: 600; }
.for.s2, .for.s3 { background: var(--for-back); }
.against.s2, .against.s3 { background: var(--against-back); }
sup { font-size: .65em; line-height: 0; }
.note, footer { color: var(--quiet); font-size: .9rem; }
dl { display: grid; grid-template-columns: max-content 1fr max-content; gap: .1rem .8rem;
  align-items: center; margin: 0; }
dt, dd { margin: 0; } meter { width: 100%; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .1rem .6rem; text-align: right; border-bottom: 1px solid var(--line);
  font-variant-numeric: tabular-nums; }
th:first-child { text-align: left; } td { white-space: nowrap; }
"""


def explanation_page(model: str, explained: Sequence[tuple[str, Explanation]]) -> str:
    """Returns an HTML document with a section for each text.

    Args:
        model: Name of the model or word list.
        explained: Texts and their explanations.
    """
    articles = "\n".join(
        "\n".join(_article(number, text, explanation))
        for number, (text, explanation) in enumerate(explained, 1)
    )
    heading = f"""<h1>Explanations by <bdi>{_text(model)}</bdi></h1>
<p class="note">{_text(_minus(LEGEND))}</p>"""
    return html_document(
        f"Explanations by {_text(model)}",
        _STYLE,
        f"{heading}\n{articles}",
        "max-sentiment classify --explain",
    )


def _article(number: int, text: str, explanation: Explanation) -> Iterator[str]:
    answer = explanation.classification
    names = answer.labels.names
    marked = names[marked_label(explanation)]
    yield f'<article aria-labelledby="text-{number}">'
    yield f'<h2 id="text-{number}">{number}. <bdi>{_text(answer.label)}</bdi></h2>'
    yield "<dl>"
    for name, score in zip(names, answer.scores, strict=True):
        # The value of a regression is no share, whatever it is.
        meter = "" if answer.labels.problem_type == "regression" else _meter(name, score)
        yield f"<dt><bdi>{_text(name)}</bdi></dt><dd>{meter}</dd><dd>{score:.4f}</dd>"
    yield "</dl>"
    parts = list(parts_of(text, explanation))
    yield f'<p class="text" dir="auto">{"".join(map(_part, parts))}</p>'
    notes = [
        f"marks are of <bdi>{_text(marked)}</bdi>",
        explanation.method,
        counted(explanation.passes, "pass"),
        counted(explanation.tokens, "token"),
    ]
    if explanation.seed is not None:
        notes.append(f"seed {explanation.seed}")
    if note := read_note(explanation):
        notes.append(note)
    yield f'<p class="note">{"; ".join(notes)}</p>'
    yield f"<details><summary>The change that each {explanation.unit} makes</summary>"
    yield from _table(explanation)
    yield "</details>"
    yield "</article>"


def _meter(name: str, score: float) -> str:
    return f'<meter value="{score:.4f}" aria-label="{_text(name)}"></meter>'


def _part(part: Part) -> str:
    text = _text(part.text)
    if not part.level:
        return text
    side = "for" if part.level > 0 else "against"
    return f'<span class="{side} s{abs(part.level)}">{text}<sup>{_minus(part.signs)}</sup></span>'


def _table(explanation: Explanation) -> Iterator[str]:
    names = explanation.classification.labels.names
    head = "".join(
        f'<th scope="col">{kind} <bdi>{_text(name)}</bdi></th>'
        for kind in ("logit", "score")
        for name in names
    )
    yield '<div class="scroll" role="region" tabindex="0" aria-label="Numbers"><table>'
    yield f'<thead><tr><th scope="col">{explanation.unit}</th>{head}</tr></thead><tbody>'
    base = explanation.base
    yield _row("the empty text", [*base.logits, *base.scores], "{:.4f}")
    for unit in explanation.units:
        yield _row(_text(unit.text), [*unit.logits, *unit.scores], "{:+.4f}")
    answer = explanation.classification
    yield _row("the text", [*answer.logits, *answer.scores], "{:.4f}")
    yield "</tbody></table></div>"


def _row(name: str, numbers: Sequence[float], form: str) -> str:
    cells = "".join(f"<td>{form.format(number)}</td>" for number in numbers)
    return f'<tr><th scope="row"><bdi>{name}</bdi></th>{cells}</tr>'


def _text(text: str) -> str:
    """Returns a text as HTML: every character of it is shown, and none is markup."""
    return escape(visible(text))


def _minus(text: str) -> str:
    # A hyphen is too short to be seen as a sign.
    return text.replace("-", "\N{MINUS SIGN}")
