"""Why a cluster was not joined, by what Ray said."""

import platform
from importlib.metadata import version

import pytest

from textkind.scale.trial import why_refused

VERSIONS = """RuntimeError: Version mismatch: The cluster was started with:
    Ray: 2.59.0
    Python: 3.12.1
This process on node 10.0.0.9 was started with:
    Ray: 2.60.0
    Python: 3.11.7
"""


@pytest.mark.parametrize(
    ("said", "code", "words", "found"),
    [
        (VERSIONS, 1, "has another version of Ray or Python", "Ray: 2.59.0, Python: 3.12.1; here"),
        (
            "ConnectionError: Could not find any running Ray instance. Please",
            1,
            "no Ray cluster runs on this machine",
            None,
        ),
        (
            "Found multiple active Ray instances: {'10.0.0.1:1'}",
            1,
            "several Ray clusters run",
            None,
        ),
        ("", None, "this machine is no node of the cluster", None),
        ("\nValueError: odd\n\n", 1, "the cluster cannot be joined", "ValueError: odd"),
    ],
)
def test_why_a_cluster_was_not_joined(said, code, words, found):
    error = why_refused("10.0.0.1:6379", said, code)
    assert words in str(error)
    assert found is None or found in error.found


def test_the_words_of_ray_about_versions_are_as_we_read_them():
    utils = pytest.importorskip("ray._private.utils")
    with pytest.raises(RuntimeError) as caught:
        utils.check_version_info(
            {"ray_version": "2.1.0", "python_version": "3.9.1"}, "node 10.0.0.9"
        )
    error = why_refused("10.0.0.1:6379", f"RuntimeError: {caught.value}\n", 1)
    here = f"here Ray: {version('ray')}, Python: {platform.python_version()}"
    assert error.found == f"Ray: 2.1.0, Python: 3.9.1; {here}"
