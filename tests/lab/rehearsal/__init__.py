"""The whole story on loopback, with clients at work: `make rehearse`, and the test of it."""
