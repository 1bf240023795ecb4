"""Linear algebra in one thread, and one large table at a time."""

import functools
import threading
from contextlib import nullcontext

import pandas as pd
from threadpoolctl import threadpool_limits

LARGE = 500_000  # rows of a table of which one at a time is worked on
ONE_LARGE_TABLE = threading.RLock()


def one_thread(function):
    """Make a function whose results are published leave linear algebra in one thread, for good.

    The last digits of a sum depend on how it is split among threads. The limit is not lifted
    afterwards: it holds for the process, and dbt runs several of these functions at once. Where
    they get large tables they wait for each other, so that the memory is that of one.
    """

    @functools.wraps(function)
    def limited(*arguments, **named):
        threadpool_limits(limits=1, user_api="blas")
        tables = (each for each in arguments if isinstance(each, pd.DataFrame))
        is_large = any(len(table) > LARGE for table in tables)
        with ONE_LARGE_TABLE if is_large else nullcontext():
            return function(*arguments, **named)

    return limited
