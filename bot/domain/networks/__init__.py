"""Lists of networks as people paste them, and the networks that the policy names."""
