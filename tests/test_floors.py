"""The house: an import points to a lower floor or stays in its own package."""

import ast
from pathlib import Path

import pytest

import textkind

HOME = Path(textkind.__file__).parent
FLOORS = [
    ("errors",),  # the ground: every other part of floor 0 may raise
    ("seeds", "progress", "parallel", "optional", "environment"),
    ("data",),
    ("encoding", "evaluation", "changes"),
    ("decision", "checks"),
    ("training", "mistakes"),
    ("models",),
    ("explain", "classifier"),
    ("stack",),  # a classifier made of classifiers
    ("storage", "report"),
    ("export",),
    ("workflow",),
    ("serve",),
    ("scale",),
    ("cli", "estimator"),
    ("__main__",),
]
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}
FILES = sorted(HOME.rglob("*.py"))


def first_part(path):
    """The package or module of the house that a file belongs to."""
    return path.relative_to(HOME).parts[0].removesuffix(".py")


def imported_parts(path):
    """The parts of the house that a file imports anywhere, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out in full"
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for module in modules:
            names = module.split(".")
            if names[0] == "textkind" and len(names) > 1 and names[1] != "__version__":
                yield names[1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOME)))
def test_imports_point_downwards(path):
    part = first_part(path)
    if part == "__init__":  # the public names come from everywhere, when they are asked for
        return
    assert part in FLOOR_OF, f"{part} has no floor: give it one in FLOORS"
    for other in imported_parts(path):
        assert other in FLOOR_OF, f"{path} imports textkind.{other}, which has no floor"
        assert other == part or FLOOR_OF[other] < FLOOR_OF[part], (
            f"{part} imports {other}, which is not on a lower floor"
        )


def test_an_upward_import_would_be_found(tmp_path):
    file = tmp_path / "x.py"
    file.write_text(
        "def f():\n    from textkind.cli.commands import main\n    import textkind.data.corpus"
    )
    assert list(imported_parts(file)) == ["cli", "data"]
