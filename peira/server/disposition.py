"""`Content-Disposition`: under which name a browser saves what it gets."""

from __future__ import annotations

from urllib.parse import quote


def attachment(name: str) -> str:
    r"""Return the header's value: one plain `filename=`, and the exact name by RFC 5987.

    >>> attachment('a"b\r\n.csv')
    'attachment; filename="a_b__.csv"; filename*=UTF-8\'\'a%22b%0D%0A.csv'
    """
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " ._-") else "_" for c in name)
    exact = quote(name.encode("utf-8", "replace"), safe="")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"
