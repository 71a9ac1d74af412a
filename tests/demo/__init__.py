"""`make demo`: the main job on a made-up tree and the embedded target, no server needed."""
