"""The cutover and the way back, as clients are told of them and as acts on them are planned."""
