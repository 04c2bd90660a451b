"""Settings for all tests."""

from hypothesis import settings

# the first example of a test may compile a kernel
settings.register_profile("textkind", deadline=None, derandomize=True)
settings.load_profile("textkind")
