"""Linear algebra in one thread."""

from threadpoolctl import threadpool_limits

# For functions whose results are published: the last digits of a sum depend on how it is split
# among threads. At the size of our fits it is also much faster.
one_thread = threadpool_limits.wrap(limits=1, user_api="blas")
