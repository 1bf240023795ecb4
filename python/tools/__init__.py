"""What the repository needs and a user does not: simulations, the sample, docs, audit."""
