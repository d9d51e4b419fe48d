"""The Content-Security-Policy of every page: nothing but the site's own files, no eval."""

import base64
import hashlib
import re

# MathJax and the theme position things by style attributes, hence 'unsafe-inline' for styles;
# labs run WebAssembly, and nothing else may be compiled from strings.
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{scripts}; worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'"
)

SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL)
DATA = re.compile(r'\bsrc=|\btype="(?!module|text/javascript)')
"""A script in a file, or a block of data; what is left is a script written into the page."""


def secure(html: str) -> str:
    """The page with its policy, which lets the scripts that the theme wrote into it run."""
    bodies = {s["body"] for s in SCRIPT.finditer(html) if not DATA.search(s["attributes"])}
    digests = [base64.b64encode(hashlib.sha256(body.encode()).digest()) for body in bodies]
    scripts = "".join(sorted(f" 'sha256-{digest.decode()}'" for digest in digests))
    policy = POLICY.format(scripts=scripts)
    # First of all, since a policy binds only what comes after it.
    meta = f'<head>\n    <meta http-equiv="Content-Security-Policy" content="{policy}" />'
    return html.replace("<head>", meta, 1)
