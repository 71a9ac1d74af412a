"""A worker process: what it reads, builds and hands on. No asyncio, no HTTP client."""
