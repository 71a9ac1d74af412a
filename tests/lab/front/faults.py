"""What the front answers instead of what was asked for, in S3's words."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from xml.sax.saxutils import escape

from aiohttp import web

XML_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'

_FAULTS: Final = {
    "AccessDenied": (403, "Access Denied."),
    "AuthorizationHeaderMalformed": (400, "The authorization header is malformed."),
    "BadDigest": (400, "The Content-MD5 or checksum you specified did not match what came."),
    "BucketAlreadyOwnedByYou": (409, "Your previous request to create the bucket succeeded."),
    "BucketNotEmpty": (409, "The bucket you tried to delete is not empty."),
    "EntityTooSmall": (400, "A part is smaller than the smallest allowed size."),
    "IncompleteBody": (400, "The body ended before its declared length."),
    "InternalError": (500, "We encountered an internal error. Please try again."),
    "InvalidAccessKeyId": (403, "The access key does not exist in our records."),
    "InvalidArgument": (400, "Invalid argument."),
    "InvalidPart": (400, "A part could not be found, or its entity tag does not match."),
    "InvalidPartOrder": (400, "The list of parts was not in ascending order."),
    "InvalidRange": (416, "The requested range cannot be satisfied."),
    "InvalidRequest": (400, "Invalid request."),
    "InvalidTag": (400, "A tag is not valid."),
    "MalformedXML": (400, "The XML you provided was not well-formed."),
    "MethodNotAllowed": (405, "The method is not allowed against this resource."),
    "MissingContentLength": (411, "You must provide the Content-Length header."),
    "NoSuchBucket": (404, "The specified bucket does not exist."),
    "NoSuchKey": (404, "The specified key does not exist."),
    "NoSuchUpload": (404, "The specified multipart upload does not exist."),
    "NotImplemented": (501, "A header or query you provided is not implemented here."),
    "PreconditionFailed": (412, "At least one of the preconditions did not hold."),
    "RequestTimeTooSkewed": (403, "The difference between the times is too large."),
    "SignatureDoesNotMatch": (403, "The signature we calculated does not match."),
    "SlowDown": (503, "Writes are held back. Try again later."),
    "XAmzContentSHA256Mismatch": (400, "The declared SHA-256 is not that of what came."),
}


class S3Fault(Exception):
    """A code of S3's; it knows its status and its message."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.status, self.message = _FAULTS[code]

    def answer(self, method: str, resource: str) -> web.Response:
        """Return it as an answer; to HEAD without a body."""
        response = web.Response(status=self.status, content_type="application/xml")
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["Retry-After"] = "1"
        if method != "HEAD":
            response.text = (
                f"{XML_HEAD}<Error><Code>{self.code}</Code><Message>{escape(self.message)}"
                f"</Message><Resource>{escape(resource)}</Resource></Error>"
            )
        return response
