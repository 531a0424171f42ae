"""One architecture on one machine: training it, measuring it."""
