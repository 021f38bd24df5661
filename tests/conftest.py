"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# A property holds or does not; how fast a busy machine finds out says nothing about it.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

LONG = {"browser", "model", "ray", "train", "long"}
"""Marks of tests that take long."""


def pytest_collection_modifyitems(items):
    """Files with long tests come first, so that no core waits for the other in the end (`make test`)."""
    long = {item.path for item in items if any(item.get_closest_marker(name) for name in LONG)}
    items.sort(key=lambda item: item.path not in long)
