"""An S3 endpoint as a source of objects: signed listings and a body lane over kept connections."""
