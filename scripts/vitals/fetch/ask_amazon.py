"""Amazon Connect: the files that its streams deliver to S3, byte for byte, each key and version once."""

import re
from datetime import datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from vitals.errors import VitalsError
from vitals.fetch.environment import library, required, setting
from vitals.fetch.job import Job, utc
from vitals.fetch.web import TIMEOUT_SECONDS, TRIES, no_answer, refusal, unreachable

_NAME = "Amazon S3"
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_PLACES = {
    "contact_records": "VITALS_CONNECT_CONTACT_RECORDS",
    "agent_events": "VITALS_CONNECT_AGENT_EVENTS",
}
# Endings that say something to people; landing looks at the content.
_ENDINGS = (".json", ".jsonl", ".ndjson", ".parquet", ".gz")
# The memory grows with the files; what is lost of it costs a look at their names in landing.
_KEEP_EVERY = 200


def source() -> "AmazonConnect":
    """Amazon Connect, as the environment names it.

    Raises:
        VitalsError: a variable is missing or wrong, or boto3 is not installed.
    """
    return AmazonConnect()


class AmazonConnect:
    """The buckets into which Amazon Connect's contact records and agent events are delivered."""

    def __init__(self) -> None:
        self._places = {name: _place(variable) for name, variable in _PLACES.items() if setting(variable)}
        if not self._places:
            required(list(_PLACES.values())[:1], "amazon_connect")
        key, secret = required(_KEYS, "amazon_connect")
        self.account = "amazon_connect"
        session = library("boto3").session.Session(
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=setting("AWS_SESSION_TOKEN") or None,
            region_name=setting("AWS_REGION") or setting("AWS_DEFAULT_REGION") or "us-east-1",
        )
        self._errors = library("botocore.exceptions")
        self._broken = library("s3transfer.exceptions").RetriesExceededError
        self._client = session.client(
            "s3",
            config=library("botocore.config").Config(
                retries={"mode": "standard", "total_max_attempts": TRIES},
                connect_timeout=TIMEOUT_SECONDS,
                read_timeout=TIMEOUT_SECONDS,
            ),
        )
        # Here, not in many threads: the order of the files stays that of their names, and memory small.
        self._transfer = library("boto3.s3.transfer").TransferConfig(
            use_threads=False, num_download_attempts=TRIES
        )

    def left_out(self, stream: str) -> str:
        """A stream whose place is not named."""
        return "" if stream in self._places else f"{_PLACES[stream]} is not set"

    def pull(self, job: Job) -> None:
        """Bring each object under the stream's place that is not known by its key and ETag."""
        bucket, prefix = self._places[job.stream.name]
        seen: dict[str, str] = job.memory.setdefault("objects", {})
        waiting = 0
        try:
            for each in self._objects(bucket, prefix):
                key, etag = each["Key"], each["ETag"].strip('"')
                known = f"{bucket}/{key}"
                if not each["Size"] or seen.get(known) == etag or not _is_in(each["LastModified"], job):
                    continue
                job.tell(PurePosixPath(key).name)
                name = _name(known, etag)
                if not job.drop.has(name):
                    job.drop.copy(name, lambda file, key=key: self._download(bucket, key, file))  # type: ignore[misc]
                seen[known] = etag
                waiting += 1
                if waiting >= _KEEP_EVERY:
                    job.keep(job.memory)
                    waiting = 0
        except self._errors.ClientError as error:
            raise _refused(error, job.stream.name, bucket, prefix) from error
        except (self._errors.BotoCoreError, self._errors.HTTPClientError, self._broken) as error:
            raise unreachable(_NAME, error) from error
        finally:
            # What stands in landing is known also when a later object fails.
            if waiting:
                job.keep(job.memory)

    def _objects(self, bucket: str, prefix: str) -> Any:
        """Every object under a prefix, in the order of the keys."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from page.get("Contents", [])

    def _download(self, bucket: str, key: str, file: Any) -> None:
        self._client.download_fileobj(bucket, key, file, Config=self._transfer)


def _place(variable: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix/`."""
    parts = urlsplit(setting(variable))
    if parts.scheme != "s3" or not parts.netloc:
        raise VitalsError(f"{variable} names no place in S3.", "Write s3://bucket/prefix/.")
    return parts.netloc, parts.path.lstrip("/")


def _name(known: str, etag: str) -> str:
    """The name in landing of a version of an object: its own, readable, and one of its kind."""
    own = PurePosixPath(known).name.lstrip(".~")
    stem = re.sub(r"[^\w.-]", "_", own, flags=re.ASCII)[:120]
    ending = ""
    while stem.lower().endswith(_ENDINGS):
        at = stem.rindex(".")
        stem, ending = stem[:at], stem[at:] + ending
    return f"{stem}-{sha256(f'{known} {etag}'.encode()).hexdigest()[:12]}{ending}"


def _is_in(modified: datetime, job: Job) -> bool:
    """Whether an object was delivered in the time that was asked for."""
    moment = utc(modified)
    since, until = job.window.since, job.window.until
    return (since is None or moment >= since) and (until is None or moment < until)


def _refused(error: Any, stream: str, bucket: str, prefix: str) -> VitalsError:
    """What S3's refusal means; of its answer only status and code are looked at."""
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    code = str(error.response.get("Error", {}).get("Code"))
    place = f"{stream} in s3://{bucket}/{prefix}"
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"):
        status = 401
    if not status:
        return no_answer(_NAME, place)
    permission = f"s3:ListBucket on the bucket {bucket} and s3:GetObject on {bucket}/{prefix}*"
    variables = " and ".join(_KEYS)
    if code == "ExpiredToken":
        variables += ", and AWS_SESSION_TOKEN, which has expired"
    return refusal(_NAME, place, status, variables, permission)
