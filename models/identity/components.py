"""Connected components, numbered so that the result does not depend on the order of links.

Belongs here: finding them. Does not belong here: which links count (clustering, households, resolution).
"""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Integers = npt.NDArray[np.int64]


def component_labels(left: Integers, right: Integers, count: int) -> Integers:
    """Smallest number of each number's component, of 0..count-1."""
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    _, label = connected_components(graph, directed=False)
    smallest = np.full(int(label.max(initial=-1)) + 1, count, dtype=np.int64)
    np.minimum.at(smallest, label, np.arange(count))
    return np.asarray(smallest[label], dtype=np.int64)
