"""The default sampler in an Optuna study of one's own: two objectives, a constraint, and no service.

Run with `python -m examples.optuna_sampler`.
"""

from __future__ import annotations

import optuna

from service.sampling.predictor_sampler import PredictorSampler

LAYERS = 6
WIDTHS = (16, 32, 64, 128)
KINDS = ("conv", "separable", "pool")


def objective(trial: optuna.Trial) -> tuple[float, float]:
    """A made-up network: wide convolutions are accurate and slow, and memory is scarce."""
    widths = [trial.suggest_categorical(f"width_{layer}", WIDTHS) for layer in range(LAYERS)]
    kinds = [trial.suggest_categorical(f"kind_{layer}", KINDS) for layer in range(LAYERS)]
    worth = {"conv": 1.0, "separable": 0.8, "pool": 0.2}
    price = {"conv": 1.0, "separable": 0.3, "pool": 0.05}
    accuracy = 1 - 1 / (1 + sum(worth[kind] * width for kind, width in zip(kinds, widths, strict=True)) / 100)
    latency_ms = sum(price[kind] * width for kind, width in zip(kinds, widths, strict=True)) / 50
    trial.set_constraint("memory", sum(widths) - 400)
    return accuracy, latency_ms


def main() -> None:
    """Searches with 60 trials and prints the front."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=PredictorSampler(seed=0))
    study.optimize(objective, n_trials=60)
    for trial in sorted(study.best_trials, key=lambda trial: trial.values[1]):
        print(f"accuracy {trial.values[0]:.3f}   latency {trial.values[1]:5.2f} ms")


if __name__ == "__main__":
    main()
