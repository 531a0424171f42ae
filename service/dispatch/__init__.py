"""Having evaluations done: by Ray Tune, or in this process."""
