"""What every size of a network must be."""


def check_sizes(**sizes: int) -> None:
    """ValueError where one of them, told by its name, is no whole number of 1 or more."""
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise ValueError(f"{name} is a whole number of 1 or more, not {size!r}")
