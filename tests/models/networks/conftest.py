import pytest

torch = pytest.importorskip("torch")


def padded(rows, length=None):
    """Lists of ids as (B, T) ids, padded with 0 at the right, and the (B, T) mask."""
    length = max(1, *map(len, rows)) if length is None else length
    ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
    return ids, torch.tensor([[place < len(row) for place in range(length)] for row in rows])


@pytest.fixture
def pad():
    return padded
