"""Property tests here have no deadline: the machine may be busy with others."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
