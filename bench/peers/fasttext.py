"""The fastText command, its input written before the clock runs.

Timed are the process, its reading of the file, the training and the writing of the model: what its
user waits for.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from bench.data import DataSet
from bench.measure import Desk, Facts, serve
from bench.peers.tokens import one_line
from bench.places import ROOM

COMMAND = ROOM / "fasttext" / "fasttext"
RATE = ("-lr", "0.5", "-wordNgrams", "2", "-thread", "2")


class FastText:
    model = None  # lies in a file

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "model.bin"  # that answers
        self.line: subprocess.Popen[str] | None = None

    def take(self, data: DataSet) -> None:
        self.names = sorted(set(data.train.labels))
        number = {name: i for i, name in enumerate(self.names)}
        pairs = zip(data.train.labels, data.train.texts, strict=True)
        lines = (f"__label__{number[label]} {one_line(text)}\n" for label, text in pairs)
        with (self.folder / "train.txt").open("w", encoding="utf-8") as file:
            file.writelines(lines)
        self.write_test(data.test.texts)

    def write_test(self, texts: list[str]) -> None:
        self.test_texts = texts
        # an empty line would be skipped: a full stop stands in
        (self.folder / "test.txt").write_text(
            "".join(f"{one_line(text) or '.'}\n" for text in texts), encoding="utf-8"
        )

    def fit(self, setting: Facts) -> Facts:
        """setting: dim, epochs."""
        self.close()  # the command that answers texts one by one holds the model before this one
        self.file = self.folder / "model.bin"
        files = ["-input", str(self.folder / "train.txt"), "-output", str(self.folder / "model")]
        size = ["-dim", str(setting["dim"]), "-epoch", str(setting["epochs"])]
        command = [str(COMMAND), "supervised", *files, *size, *RATE, "-verbose", "0"]
        child = subprocess.Popen(command)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise RuntimeError(f"fastText ended with {child.returncode}")
        return {"peak_mb": usage.ru_maxrss * 1024 / 1e6}

    def quantize(self, cutoff: int) -> Path:
        """The smaller file that answers from now on: fewer words, product quantisation.

        As Joulin et al. (2016) have it: what is kept is trained for an epoch more.
        """
        self.close()
        files = ["-input", str(self.folder / "train.txt"), "-output", str(self.folder / "model")]
        smaller = ["-qnorm", "-retrain", "-epoch", "1", "-cutoff", str(cutoff), "-thread", "2"]
        subprocess.run(
            [str(COMMAND), "quantize", *files, *smaller, "-verbose", "0"], check=True
        )  # fmt: skip
        self.file = self.folder / "model.ftz"
        return self.file

    def predict(self, texts: list[str]) -> list[str]:
        """The prepared test file in one run of the command, or one text by a running command."""
        if len(texts) == 1:
            return [self.name_of(self.answer(texts[0]))]
        if texts is not self.test_texts:
            self.write_test(texts)
        command = [str(COMMAND), "predict", str(self.file), str(self.folder / "test.txt")]
        output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        return [self.name_of(line) for line in output.splitlines()]

    def name_of(self, line: str) -> str:
        return self.names[int(line.strip().removeprefix("__label__"))]

    def answer(self, text: str) -> str:
        if self.line is None:
            command = [str(COMMAND), "predict", str(self.file), "-"]
            self.line = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self.line.stdin is not None
        assert self.line.stdout is not None
        self.line.stdin.write(one_line(text) + "\n")
        self.line.stdin.flush()
        return self.line.stdout.readline()

    def save(self, folder: Path) -> None:
        (folder / "model.bin").write_bytes((self.folder / "model.bin").read_bytes())

    def features(self, setting: Facts) -> Facts:
        raise NotImplementedError("fastText makes no sparse matrix")

    def close(self) -> None:
        if self.line is not None:
            self.line.terminate()
            self.line.wait()
            self.line = None


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as room:
        side = FastText(Path(room))
        serve(Desk(side))
        side.close()
