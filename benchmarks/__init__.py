"""Measurements that argue speed and quality, each beside its alternative."""
