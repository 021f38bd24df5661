"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# A property holds or does not; how fast a busy machine finds out says nothing about it.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
