"""Addresses and numbers of workers that can be used, and that cannot."""

import pytest

from textkind.errors import SettingsError
from textkind.scale.settings import RaySettings, host_and_port


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"address": "ray://10.0.0.1:10001"}, "an address of Ray Client cannot be used"),
        ({"address": "10.0.0.1"}, "must be local, auto or HOST:PORT"),
        ({"address": "10.0.0.1:66000"}, "must be local, auto or HOST:PORT"),
        ({"address": "http://10.0.0.1:8265"}, "must be local, auto or HOST:PORT"),
        ({"workers": 0}, "the workers on Ray must be 1 or more"),
        ({"gpus": -1.0}, "the GPUs of a worker must be 0 or more"),
        ({"gpus": float("inf")}, "the GPUs of a worker must be 0 or more"),
    ],
)
def test_settings_that_cannot_be_used(given, words):
    with pytest.raises(SettingsError, match=words):
        RaySettings(**given)


def test_addresses_that_can_be_used():
    assert host_and_port("[::1]:6379") == ("::1", 6379)
    assert host_and_port("head.cluster.local:6379") == ("head.cluster.local", 6379)
