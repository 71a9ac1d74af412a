"""The way back as a job: green fenced, its writes carried, compared on blue, traffic switched."""
