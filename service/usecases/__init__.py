"""One function per wish of a user; loads no torch, ray or optuna."""
