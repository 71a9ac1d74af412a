"""The wire types of `/v1`: what server and clients say to each other, noun by noun."""
