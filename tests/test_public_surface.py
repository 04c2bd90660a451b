"""What `import textkind` gives, and that it gives it quickly."""

import subprocess
import sys

import pytest

import textkind

HEAVY = {"numba", "pyarrow", "sklearn", "rich", "numpy", "scipy", "pandas", "polars", "jinja2"}


@pytest.mark.parametrize("name", textkind.__all__)
def test_every_public_name_is_there(name):
    value = getattr(textkind, name)
    assert value.__module__.startswith("textkind.")
    assert value.__doc__


def test_all_lists_exactly_the_public_names():
    assert textkind.__all__ == sorted(textkind._HOMES)
    assert set(textkind.__all__) <= set(dir(textkind))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="TextClasifier"):
        _ = textkind.TextClasifier


def test_the_version_is_the_one_that_is_installed():
    metadata = pytest.importorskip("importlib.metadata")
    try:
        assert metadata.version("textkind") == textkind.__version__
    except metadata.PackageNotFoundError:
        pytest.skip("textkind is not installed here")


@pytest.mark.parametrize(
    "code",
    [
        "import textkind",
        "import textkind.cli",
        "from textkind.cli.commands import build_parser; build_parser()",
        "from textkind.cli.commands import main; main(['--version'])",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code):
    check = (
        "import sys, contextlib\n"
        f"with contextlib.suppress(SystemExit):\n    exec({code!r})\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert result.stderr == ""
    assert result.stdout.splitlines()[-1] == "[]"
