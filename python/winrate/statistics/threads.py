"""Linear algebra in one thread."""

import functools

from threadpoolctl import threadpool_limits


def one_thread(function):
    """Make a function whose results are published leave linear algebra in one thread, for good.

    The last digits of a sum depend on how it is split among threads. The limit is not lifted
    afterwards: it holds for the process, and dbt runs several of these functions at once.
    """

    @functools.wraps(function)
    def limited(*arguments, **named):
        threadpool_limits(limits=1, user_api="blas")
        return function(*arguments, **named)

    return limited
