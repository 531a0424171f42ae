"""Source is written shorter where something is settled, and does the same."""

from __future__ import annotations

from textwrap import dedent

import pytest

from search_space.settled import NOTHING, Settled

SOURCE = dedent(
    '''\
    class Network:
        """Sums.

        It adds up `many` numbers. With `twice`, each counts double. It has no end without `ends`. (A paper.)
        """

        kept: tuple[int, ...]

        def __init__(self, many: int, twice: bool = False, rest: int = 0, *, ends: bool = True) -> None:
            self.after = str
            # What is left over.
            self.skipping = {2}
            if twice and many > rest:
                many *= 2
            elif rest:
                many += rest
            else:
                # All of them.
                many -= 1
            self.total = many - (rest and 1) if ends else None

        def run(self, number: int) -> str:
            """As a text."""
            if number in self.skipping or not number:
                return self.after(0)
            return (
                self.after(number)
                if 0 in self.kept and isinstance(number, int) and not isinstance(number, Never)
                else self.never(number)
            )

        def never(self, number: int) -> str:
            """Not at all."""
            return ""
    '''
)


def test_what_is_said_of_an_option_is_said_without_it_where_it_was_chosen_once_and_for_all() -> None:
    told = "One. With{0}`twice`, each counts double. It has no end without{0}`ends`. It has `many`."
    start = "    def __init__(self, twice: bool = False, ends: bool = True, many: int = 1) -> None:"
    for space in (" ", "\n    "):
        source = f'class A:\n    """{told.format(space)}"""\n\n{start}\n        super().__init__()'
        chosen = Settled(given={"A": frozenset()}, constants={"twice": True, "ends": False, "many": 2})
        assert '"""One. Each counts double. It has no end. It has 2."""' in chosen.written(source)
        assert '"""One."""' in Settled(given={"A": frozenset()}).written(source)


def test_nothing_changes_where_nothing_is_settled() -> None:
    assert NOTHING.written(SOURCE) == SOURCE.rstrip()


def test_branches_that_are_never_taken_are_left_out_with_what_is_said_of_them() -> None:
    settled = Settled(
        given={"Network": frozenset({"ends"})},
        attributes={"skipping": frozenset(), "kept": (0, 1)},
        pass_on=frozenset({"after"}),
        gone=frozenset({"never", "Never"}),
    )
    assert settled.written(SOURCE) == dedent(
        '''\
        class Network:
            """Sums.

            It adds up `many` numbers. It has no end without `ends`. (A paper.)
            """

            def __init__(self, many: int, *, ends: bool = True) -> None:
                # All of them.
                many -= 1
                self.total = many if ends else None

            def run(self, number: int) -> str:
                """As a text."""
                if not number:
                    return 0
                return number if isinstance(number, int) else self.never(number)'''
    )


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("x = f(1) if switched else g(2)", "x = g(2)"),
        ("x = a if switched or b else c", "x = a if b else c"),
        ("x = not switched", "x = True"),
        ("x = absent is not None and absent + 1 > 0", "x = False"),
        ("x = number not in empty", "x = True"),
        ("x: B | Never = f(other, passed)", "x: B = f(other)"),
        ("x = (one, passed, other)", "x = (one, other)"),
        ("x = isinstance(cell, B) and other", "x = other"),
        ("x = constant", "x = 3"),
        ("x = 4 * 2**times", "x = 4"),
        ("x = [a for n in range(times, 0, -1)]", "x = []"),
        ("x = number - (number in empty)", "x = number"),
        ("x = number in empty", "x = False"),
        ('x = f"{times} of {name}"', 'x = f"{times} of {name}"'),
        ("x = first(name)", 'x = first("never")'),
    ],
)
def test_an_expression_is_what_it_comes_to(line: str, written: str) -> None:
    options = (
        'switched: bool = False, times: int = 0, name: str = "never", constant: int = 1, absent: int | None = None'
    )
    settled = Settled(
        given={"A": frozenset()},
        constants={"constant": 3},
        variables={"empty": frozenset()},
        parameters={"passed": False},
        are={"cell": "B"},
        gone=frozenset({"Never"}),
    )
    text = settled.written(
        f'class A:\n    """A."""\n\n    def __init__(self, passed: bool, {options}):\n        {line}'
    )
    assert "    def __init__(self):" in text
    assert text.splitlines()[-1].strip() == written
