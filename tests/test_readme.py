"""What the README and the docs show is true: the trees, the commands, the links, the Python."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

import textkind
from textkind.cli.commands import build_parser
from textkind.errors import SettingsError
from textkind.models.settings import LinearSettings
from textkind.workflow.train import TrainSettings, train

HOME = Path(textkind.__file__).parent
ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TREE = ROOT / "docs" / "tree.md"
PAGES = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "&"}  # what ends a command on a shell's line


def tree_entries(text):
    """{path below src/textkind: its line} of the tree in a page; folders end in a slash."""
    lines = iter(text.splitlines())
    root = next(line for line in lines if line.strip() == "src/textkind/")
    margin = len(root) - len(root.lstrip())
    entries, above = {}, {}
    for line in lines:
        depth = len(line) - len(line.lstrip()) - margin
        if not line.strip() or depth <= 0:
            break
        name, _, told = line.strip().partition(" ")
        above = {place: folder for place, folder in above.items() if place < depth}
        path = "".join(above.values()) + name
        assert path not in entries, f"{path} stands twice in the tree"
        entries[path] = told.strip()
        if name.endswith("/"):
            above[depth] = name
    return entries


def shell_commands(text):
    """The words of every `textkind` command that a page shows on a line of a shell."""
    lines = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.M | re.S):
        lines += re.findall(r"^\$ (.*)$", block, re.M)
    lines += re.findall(r"^    (?:\$ )?((?:textkind|echo|printf|cat) .*)$", text, re.M)
    return [words for line in lines for words in commands_of(line)]


def commands_of(line):
    """The words after each `textkind` on a line; what follows two spaces is told about it."""
    lexer = shlex.shlex(re.split(r"\s{2,}", line)[0], punctuation_chars=True)
    lexer.whitespace_split = True
    found, words = [], []
    for word in [*lexer, ";"]:  # quotes are still there, so what ends a command stands bare
        if word not in ENDS:
            words += shlex.split(word)
            continue
        if words[:1] == ["textkind"]:
            found.append(words[1:])
        words = []
    return found


def python_blocks(text):
    """The Python of a page, as one program."""
    return "\n".join(re.findall(r"^```python\n(.*?)^```", text, re.M | re.S))


def test_the_tree_has_every_module_and_nothing_else():
    told = tree_entries(TREE.read_text(encoding="utf-8"))
    modules = {path.relative_to(HOME).as_posix() for path in HOME.rglob("*.py")}
    modules = {path for path in modules if not path.endswith("__init__.py")}
    assert sorted(modules - set(told)) == [], "modules that docs/tree.md lacks"
    gone = [path for path in told if not (HOME / path).exists()]
    assert gone == [], "lines of docs/tree.md without a file"


def test_the_readme_has_every_folder_of_the_tree():
    told = tree_entries(README.read_text(encoding="utf-8"))
    folders = {f"{path.parent.name}/" for path in HOME.glob("*/*.py")}
    assert sorted(told) == sorted(folders)


@pytest.mark.parametrize("page", [README, TREE], ids=lambda page: page.name)
def test_every_line_of_the_tree_tells_what_is_there(page):
    told = tree_entries(page.read_text(encoding="utf-8"))
    empty = [path for path, line in told.items() if not line]
    assert [path for path in empty if page == README or not path.endswith("/")] == []


def test_a_wrong_tree_would_be_found():
    page = "    src/textkind/\n      a.py   one\n      b/\n        c.py   two\n      d.py\n\nmore"
    assert tree_entries(page) == {"a.py": "one", "b/": "", "b/c.py": "two", "d.py": ""}


COMMANDS = [
    pytest.param(words, id=f"{page.name}: {' '.join(words)}")
    for page in PAGES
    for words in shell_commands(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_shown_is_one_that_the_parser_takes(words):
    arguments, unknown = build_parser()[0].parse_known_args(words)
    assert unknown == []
    assert arguments.command


def test_the_tour_shows_every_command():
    shown = {words[0] for words in shell_commands(README.read_text(encoding="utf-8"))}
    assert shown == {"train", "show", "predict", "evaluate"}


def test_a_wrong_command_would_be_found():
    page = '```console\n$ echo "a | b" | textkind predict run - --tip 2 > out\nout\n```\n'
    (words,) = shell_commands(page)
    assert words == ["predict", "run", "-", "--tip", "2"]
    assert build_parser()[0].parse_known_args(words)[1] == ["--tip", "2"]
    (words,) = shell_commands("    textkind trian x\n")
    with pytest.raises(SettingsError, match="trian"):
        build_parser()[0].parse_known_args(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    near = [link.split("#")[0] for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in near if link and not (page.parent / link).exists()] == []


def test_the_readme_leads_to_every_page():
    links = set(re.findall(r"\]\(([^)\s]+)\)", README.read_text(encoding="utf-8")))
    pages = {page.relative_to(ROOT).as_posix() for page in PAGES if page != README}
    assert pages - links == set()


@pytest.fixture(scope="module")
def demo_run(tmp_path_factory):
    """A run folder like the demo's: five labels, learned from sentences made up here."""
    said = {
        "business": "the bank sold its shares",
        "entertainment": "the film has fine music",
        "politics": "the minister won the vote",
        "sports": "the striker scored twice",
        "tech": "the new phone sends video",
    }
    rows = [
        {"text": f"{text} {number}", "label": label}
        for label, text in said.items()
        for number in range(6)
    ]
    folder = tmp_path_factory.mktemp("readme") / "demo-run"
    train(rows, TrainSettings(out=folder, model=LinearSettings(features="words")))
    return folder


def test_the_python_of_the_readme_runs(demo_run, tmp_path, monkeypatch):
    program = python_blocks(README.read_text(encoding="utf-8"))
    assert "import" in program
    shutil.copytree(demo_run, tmp_path / "demo-run")
    monkeypatch.chdir(tmp_path)
    exec(compile(program, str(README), "exec"), {"__name__": "page"})
