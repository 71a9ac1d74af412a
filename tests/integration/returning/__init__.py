"""The way back as a job: a real ledger; balancers and sides are fakes of what tests/real runs."""
