"""Plain categorical decisions: nothing is known of them but which choice was taken."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from service.sampling.encoding.base import Answers, View, one_hot


@dataclass(frozen=True)
class OneHot:
    """The encoding of a search space of which no more is known than its decisions and their numbers of choices."""

    choices: Mapping[str, int]

    def views(self, answers: Answers) -> tuple[View, ...]:
        """One group: a column for each choice."""
        return ((one_hot(answers, list(self.choices.values())),),)

    def functions(self, answers: Answers) -> None:
        """No two rows compute the same, as far as is known."""

    def simplest(self, answers: Answers) -> Answers:
        """The answers as they are: every choice may matter."""
        return answers

    def key(self, row: Sequence[int]) -> Hashable:
        """The answers themselves."""
        return tuple(row)
