"""The stand-ins do what the real servers do."""

from tests.fakes.ipfs_contract import IpfsContract


class TestStandIns(IpfsContract):
    """Runs the shared tests on the stand-ins."""
