"""HTML in one file, with a policy under which it loads nothing and runs nothing."""

from __future__ import annotations

import base64
import hashlib


def html_document(title: str, style: str, body: str, command: str) -> str:
    """Returns an HTML document.

    Its Content-Security-Policy allows the style and nothing else, whatever stands in the body.

    Args:
        title: HTML.
        style: CSS.
        body: HTML above the footer.
        command: What wrote it.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
<footer><p>Written by {command}.</p></footer>
</body>
</html>
"""
