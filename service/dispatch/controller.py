"""Ray Tune's controller, made to share one Ray with others of its kind."""

from __future__ import annotations

import time
from typing import Any

import ray.tune.tune
from ray.air.execution._internal import TrackedActor
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial as TuneTrial

IDLE_S = 0.1


class SharingController(TuneController):  # type: ignore[misc]  # ray has no types
    """Lets workers go when its search has no trial for them, and waits for one without losing its place.

    Ray is pinned, so what is overridden here stays what it is. `full` of our search algorithm says that as many
    trials are out as the job may have.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._spare: list[TrackedActor] = []
        self._passed_on: set[TrackedActor] = set()
        super().__init__(*arguments, **options)

    def _update_trial_queue(self, blocking: bool = False, timeout: int = 600) -> bool:
        """Does not block where all trials have ended: workers that are let go must be heard of."""
        found: bool = super()._update_trial_queue()
        if blocking and not found and not self._actor_manager.num_total_actors:
            time.sleep(IDLE_S)
        return found

    def _maybe_add_actors(self) -> None:
        """Keeps no worker warm that has no trial, and with it the processor for which another job may wait."""
        if self._actor_cache.num_cached_objects and not self._pending_trials and self._search_alg.full:
            self._cleanup_cached_actors(force_all=True)
        super()._maybe_add_actors()
        for actor in self._spare:
            self._remove_actor(actor)
        self._spare.clear()

    def _maybe_reuse_cached_actor(self, trial: TuneTrial) -> bool:
        """Where a trial that waits for a new worker gets a warm one, the next trial takes its place in the queue.

        Tune would ask for a new worker again: a job of short trials would never get a second one.
        """
        reusable = self._actor_cache.has_cached_object(trial.placement_group_factory)
        if reusable and trial not in self._resetting_trials and trial in self._trial_to_actor:
            awaited = self._trial_to_actor.pop(trial)
            del self._actor_to_trial[awaited]
            self._spare.append(awaited)
        reused: bool = super()._maybe_reuse_cached_actor(trial)
        return reused

    def _schedule_trial_actor(self, trial: TuneTrial) -> None:
        if not self._spare or self._actor_cache.has_cached_object(trial.placement_group_factory):
            super()._schedule_trial_actor(trial)
            return
        trial.init_local_path()
        awaited = self._spare.pop(0)
        self._passed_on.add(awaited)
        self._trial_to_actor[trial] = awaited
        self._actor_to_trial[awaited] = trial

    def _actor_started(self, tracked_actor: TrackedActor, log: str = "STARTED") -> None:
        """A worker that was asked for by another trial than the one it is for by now is told so first."""
        if tracked_actor not in self._passed_on:
            super()._actor_started(tracked_actor, log)
            return
        self._passed_on.remove(tracked_actor)
        self._started_actors.add(tracked_actor)
        trial = self._actor_to_trial[tracked_actor]
        trial.set_ray_actor(self._actor_manager._live_actors_to_ray_actors_resources[tracked_actor][0])
        self._schedule_trial_reset(trial, trial.config, trial.experiment_tag)


ray.tune.tune.TuneController = SharingController
