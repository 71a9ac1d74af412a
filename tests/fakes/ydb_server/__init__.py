"""A stand-in for YDB: the SDK's own protobufs over real gRPC, SQLite behind.

Run as a process: `python -m tests.fakes.ydb_server --port 0`. Never in the client's event loop,
where a login would wait for itself. It is not YDB: no partitions, no query engine, no permissions,
no OVERLOADED by load, no index lag; what passes here was tested against a stand-in only.
"""
