"""What the screens show, fetched: the engine link, lists by page, recordings."""
