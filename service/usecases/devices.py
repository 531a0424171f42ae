"""The devices that a user may name."""

from __future__ import annotations

from service.domain.errors import Invalid
from service.ports import Store

LOCAL = "local"
"""The machine that searches, which is known before it was ever measured."""


def refuse_unknown_device(name: str, store: Store) -> None:
    """Invalid where nothing was ever measured on such a device, with those that there are."""
    known = {LOCAL: None} | dict.fromkeys(store.devices())
    if name not in known:
        raise Invalid("device", f"Unknown device {name!r}; use one of {', '.join(known)}.")
