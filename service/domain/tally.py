"""What the trials of a job come to, in sums: all that its progress and its forecast are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from service.domain.chances import chances
from service.domain.job import JobSpec
from service.domain.trial import Trial, TrialState
from workers.messages import FailureClass


@dataclass(frozen=True, slots=True)
class Step:
    """One report of a trial, without what was measured."""

    fidelity: int
    seconds: float
    reused: bool
    failure: FailureClass | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """How far a trial has come: a trial without its cell and its measurements."""

    number: int
    state: TrialState
    steps: tuple[Step, ...] = ()

    @classmethod
    def of(cls, trial: Trial) -> Course:
        """The course of a recorded trial."""
        return cls(
            trial.number,
            trial.state,
            tuple(
                Step(
                    own.report.fidelity,
                    own.report.seconds,
                    own.reused_from is not None,
                    getattr(own.report, "failure", None),
                )
                for own in trial.evaluations
            ),
        )

    @property
    def ended(self) -> bool:
        return self.state is not TrialState.PROPOSED

    @property
    def rejected(self) -> bool:
        """See `Trial.rejected`."""
        return any(step.failure is FailureClass.INFEASIBLE for step in self.steps)

    @property
    def reused(self) -> bool:
        """See `Trial.reused`."""
        return bool(self.steps) and all(step.reused for step in self.steps)


@dataclass(frozen=True, slots=True)
class Tally:
    """The first trials of a job, counted. Those that are `rejected` are in no other count but that of `reused`.

    `states` counts the others by their state. `rungs` has the number of own trainings at each fidelity and their
    seconds. `climbed` is how often trials have climbed to a higher fidelity, `expected` how often equals would have.
    `under_way` has, for each trial that has not ended, its place among those that were not rejected and its reports.
    """

    states: Mapping[TrialState, int] = field(default_factory=dict)
    rejected: int = 0
    reused: int = 0
    reused_evaluations: int = 0
    rungs: Mapping[int, tuple[int, float]] = field(default_factory=dict)
    climbed: int = 0
    expected: float = 0.0
    under_way: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, spec: JobSpec, trials: Iterable[Trial]) -> Tally:
        """That of recorded trials, from the first one on."""
        return cls().with_more(spec, map(Course.of, trials))

    @property
    def accepted(self) -> int:
        """All that were not rejected."""
        return sum(self.states.values())

    @property
    def seconds(self) -> float:
        """What the trainings of all that were not rejected have taken together."""
        return sum(seconds for _, seconds in self.rungs.values())

    def with_more(self, spec: JobSpec, courses: Iterable[Course]) -> Tally:
        """With the trials that follow."""
        table = chances(spec)
        place, states = self.accepted, Counter(self.states)
        rejected, reused, reused_evaluations = self.rejected, self.reused, self.reused_evaluations
        rungs, under_way = dict(self.rungs), list(self.under_way)
        climbed, expected = self.climbed, self.expected
        for course in courses:
            reused += course.reused
            reused_evaluations += sum(step.reused for step in course.steps)
            if course.rejected:
                rejected += 1
                continue
            states[course.state] += 1
            for step in course.steps:
                if not step.reused:
                    count, seconds = rungs.get(step.fidelity, (0, 0.0))
                    rungs[step.fidelity] = count + 1, seconds + step.seconds
            if not course.ended:
                under_way.append((place, len(course.steps)))
            for rung, chance in enumerate(table.of(place)):
                # One that is still on its last rung has not been judged yet.
                if chance < 1 and len(course.steps) > rung and (course.ended or len(course.steps) > rung + 1):
                    climbed += not (course.state is TrialState.STOPPED and len(course.steps) == rung + 1)
                    expected += chance
            place += 1
        return replace(
            self,
            states=states,
            rejected=rejected,
            reused=reused,
            reused_evaluations=reused_evaluations,
            rungs=rungs,
            climbed=climbed,
            expected=expected,
            under_way=tuple(under_way),
        )
