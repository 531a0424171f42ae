"""Numbers as people read them: shares, durations, counts."""

from __future__ import annotations

from decimal import ROUND_CEILING, Context


def percent(share: float | None) -> str:
    """0.9731 -> `97.3 %`."""
    return "-" if share is None else f"{share:.1%}".replace("%", " %")


def duration(seconds: float | None) -> str:
    """75 -> `1:15`, 3700 -> `1:01:40`."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count(number: float) -> str:
    """12345 -> `12.3k`, with three digits at most."""
    for unit in ("", "k", "M", "G"):
        if number < 999.5:
            return f"{number:.3g}{unit}"
        number /= 1000
    return f"{number:.3g}T"


def milliseconds(value: float) -> str:
    """1.2345 -> `1.23`, with three digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def megabytes(value: float) -> str:
    """95.61 -> `95.6`, 0.0956 -> `0.0956` and 12345.6 -> `12346`: three digits, and all that are whole."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def rounded_up(value: float) -> str:
    """1.23449 -> `1.235`: four digits at most, so that a limit of it is kept."""
    return f"{float(Context(prec=4, rounding=ROUND_CEILING).create_decimal(str(value))):g}"
