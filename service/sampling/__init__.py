"""The proposers: the only place that knows Optuna."""
