"""A TEST PART: a small S3 front that stands in for the gateway in front of the new backend."""
