"""The widths into which channels divide."""


def largest_divisor(number: int, most: int) -> int:
    """The largest divisor of `number` that is not above `most`, so that channels fall into equal groups."""
    return max(divisor for divisor in range(1, most + 1) if number % divisor == 0)
