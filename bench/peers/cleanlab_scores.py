"""What cleanlab says of labels and probabilities: a file of arrays in, a line of JSON out.

python -m bench.peers.cleanlab_scores FILE.npz     targets (N,), probabilities (N, K)
"""

import json
import sys

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def main() -> None:
    arrays = np.load(sys.argv[1])
    given = arrays["targets"], arrays["probabilities"].astype(np.float64)
    scores = {method: get_label_quality_scores(*given, method=method) for method in METHODS}
    found = find_label_issues(*given, n_jobs=1)
    print(
        json.dumps(
            {
                "quality": {method: quality.tolist() for method, quality in scores.items()},
                "found": np.flatnonzero(found).tolist(),
            }
        )
    )


if __name__ == "__main__":
    main()
