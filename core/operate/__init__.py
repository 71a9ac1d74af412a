"""What keeps a deployment running: its files rendered, its settings tuned."""
