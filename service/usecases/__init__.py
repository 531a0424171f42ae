"""One function for each wish of a user; loads no torch, ray or optuna."""
