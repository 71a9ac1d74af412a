"""Every key of the old gateway: its names, and its place in the new configuration. Data only.

Source: the operator guide's table, and the variables that versitygw 1.7.0 reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.config.legacy.values import Kind


class Fate(StrEnum):
    """Where a key goes."""

    CARRIED = "carried"  # into the YAML, and under its old name into the env file
    BACKEND = "backend"  # becomes `ipfs`
    SOURCE = "source"  # into vgwm.yaml: needed to read the old side
    POSIX = "posix"  # of the posix backend alone: dropped
    NEW = "new"  # had no old name


@dataclass(frozen=True, slots=True)
class Key:
    """One setting. spelled: its variables, apart by blanks: the first that is set wins.

    path: in the YAML, or in vgwm.yaml. ini: its name in the guide's INI. default: as text.
    """

    spelled: str
    path: str
    kind: Kind = Kind.TEXT
    fate: Fate = Fate.CARRIED
    ini: str = ""
    default: str = ""
    direct: bool = False  # the place is named otherwise, yet the guide calls it the same

    @property
    def names(self) -> tuple[str, ...]:
        """Its variables, the strongest first; a new value is written under the first."""
        return tuple(self.spelled.split())

    def says(self, name: str) -> bool:
        """Tell whether the new name says what this old one did."""
        return self.direct or name.lower().endswith(self.path.rpartition(".")[2])


def _group(prefix: str, path: str, kind: Kind, names: str) -> tuple[Key, ...]:
    return tuple(Key(f"{prefix}{n}", f"{path}.{n.lower()}", kind) for n in names.split())


_LISTEN: Final = Kind.ADDRESSES
_FIVE_GIB: Final = str(5 << 30)
_SERVER: Final = (
    Key("VGW_PORT", "server.address", _LISTEN, ini="server.address", default=":7070", direct=True),
    Key("VGW_CERT", "server.tls.cert_file", Kind.PATH, ini="server.tls_cert"),
    Key("VGW_KEY", "server.tls.key_file", Kind.PATH, ini="server.tls_key"),
    Key("VGW_ADMIN_PORT", "server.admin.address", Kind.ADDRESSES, direct=True),
    Key("VGW_ADMIN_CERT", "server.admin.tls.cert_file", Kind.PATH),
    Key("VGW_ADMIN_CERT_KEY", "server.admin.tls.key_file", Kind.PATH),
    *_group("VGW_ADMIN_", "server.admin", Kind.INT, "MAX_CONNECTIONS MAX_REQUESTS"),
    Key("VGW_REGION", "server.region", default="us-east-1"),
    Key("VGW_HEALTH", "server.health", Kind.ROUTE),
    *_group("VGW_", "server", Kind.TEXT, "VIRTUAL_DOMAIN CORS_ALLOW_ORIGIN PPROF"),
    *_group("VGW_", "server", Kind.BOOL, "READ_ONLY DISABLE_ACL DISABLE_STRICT_BUCKET_NAMES"),
    *_group("VGW_", "server", Kind.BOOL, "KEEP_ALIVE QUIET DEBUG"),
    Key("VGW_SOCKET_PERM", "server.socket_perm", Kind.MODE),
    Key("VGW_MAX_CONNECTIONS", "server.max_connections", Kind.INT, default="250000"),
    Key("VGW_MAX_REQUESTS", "server.max_requests", Kind.INT, default="100000"),
    Key("VGW_MP_MAX_PARTS", "server.mp_max_parts", Kind.INT, default="10000"),
    Key("VGW_COPY_OBJECT_THRESHOLD", "server.copy_object_threshold", Kind.INT, default=_FIVE_GIB),
)

_BACKEND: Final = (
    Key("VGW_BACKEND", "backend.type", Kind.WORD, fate=Fate.BACKEND, ini="backend.type"),
    Key("VGW_BACKEND_ARG", "source.path", Kind.PATH, fate=Fate.SOURCE, ini="backend.path"),
    Key("VGW_META_SIDECAR", "source.sidecar", Kind.PATH, fate=Fate.SOURCE),
    Key("VGW_META_NONE", "source.nometa", Kind.BOOL, fate=Fate.SOURCE),
    Key("VGW_VERSIONING_DIR", "source.versioning_dir", Kind.PATH, fate=Fate.SOURCE),
    Key("VGW_BUCKET_LINKS", "source.bucket_links", Kind.BOOL, fate=Fate.SOURCE),
    Key("VGW_DEFAULT_ETAG", "source.default_etag", fate=Fate.SOURCE),
    Key("VGW_DATA_INTEGRITY_ETAG", "source.data_integrity_etag", Kind.BOOL, fate=Fate.SOURCE),
    Key("VGW_S3_ENDPOINT", "source.endpoint", Kind.URL, fate=Fate.SOURCE),
    Key("VGW_S3_REGION", "source.region", fate=Fate.SOURCE),
    Key("VGW_S3_ACCESS_KEY", "source.access_key", Kind.SECRET, fate=Fate.SOURCE),
    Key("VGW_S3_SECRET_KEY", "source.secret", Kind.SECRET, fate=Fate.SOURCE),
)

_POSIX: Final = tuple(
    Key(f"VGW_{name}", f"legacy.posix.{name.lower()}", fate=Fate.POSIX)
    for name in (
        *("CHOWN_UID", "CHOWN_GID", "DIR_PERMS", "POSIX_CONCURRENCY"),
        *("DISABLE_OTMP", "DISABLE_COPY_FILE_RANGE", "ENABLE_O_DIRECT"),
    )
)
POSIX_PREFIXES: Final = ("VGW_CHOWN_", "VGW_POSIX_")
"""Whatever else begins so belongs to the posix backend, too."""

_IAM: Final = (
    Key("VGW_IAM_DIR", "iam.dir", Kind.PATH),
    Key("VGW_IAM_LDAP_URL", "iam.ldap.url", Kind.URL),
    *_group("VGW_IAM_LDAP_", "iam.ldap", Kind.TEXT, "BIND_DN QUERY_BASE OBJECT_CLASSES"),
    *_group("VGW_IAM_LDAP_", "iam.ldap", Kind.TEXT, "ACCESS_ATR SECRET_ATR ROLE_ATR"),
    *_group("VGW_IAM_LDAP_", "iam.ldap", Kind.TEXT, "USER_ID_ATR GROUP_ID_ATR PROJECT_ID_ATR"),
    Key("VGW_IAM_LDAP_BIND_PASS", "iam.ldap.bind_pass", Kind.SECRET),
    Key("VGW_IAM_LDAP_TLS_SKIP_VERIFY", "iam.ldap.tls_skip_verify", Kind.BOOL),
    Key("VGW_IAM_VAULT_ENDPOINT_URL", "iam.vault.endpoint_url", Kind.URL),
    *_group("VGW_IAM_VAULT_", "iam.vault", Kind.TEXT, "NAMESPACE MOUNT_PATH AUTH_METHOD"),
    *_group("VGW_IAM_VAULT_", "iam.vault", Kind.TEXT, "AUTH_NAMESPACE SECRET_STORAGE_PATH"),
    *_group("VGW_IAM_VAULT_", "iam.vault", Kind.TEXT, "SECRET_STORAGE_NAMESPACE"),
    *_group("VGW_IAM_VAULT_", "iam.vault", Kind.TEXT, "SERVER_CERT CLIENT_CERT"),
    *_group("VGW_IAM_VAULT_", "iam.vault", Kind.SECRET, "ROOT_TOKEN ROLE_ID ROLE_SECRET"),
    *_group("VGW_IAM_VAULT_", "iam.vault", Kind.SECRET, "CLIENT_CERT_KEY"),
    Key("VGW_S3_IAM_ENDPOINT", "iam.s3.endpoint", Kind.URL),
    *_group("VGW_S3_IAM_", "iam.s3", Kind.TEXT, "ACCESS_KEY REGION BUCKET"),
    Key("VGW_S3_IAM_SECRET_KEY", "iam.s3.secret_key", Kind.SECRET),
    Key("VGW_S3_IAM_NO_VERIFY", "iam.s3.no_verify", Kind.BOOL),
    Key("VGW_IPA_HOST", "iam.ipa.host", Kind.URL),
    *_group("VGW_IPA_", "iam.ipa", Kind.TEXT, "VAULT_NAME USER"),
    Key("VGW_IPA_PASSWORD", "iam.ipa.password", Kind.SECRET),
    Key("VGW_IPA_INSECURE", "iam.ipa.insecure", Kind.BOOL),
    Key("VGW_IAM_CACHE_DISABLE", "iam.cache.enabled", Kind.INVERTED, default="false"),
    Key("VGW_IAM_CACHE_TTL", "iam.cache.ttl", Kind.SECONDS, default="120"),
    Key("VGW_IAM_CACHE_PRUNE", "iam.cache.prune", Kind.SECONDS, default="3600"),
    Key("VGW_IAM_DEBUG", "iam.debug", Kind.BOOL),
    Key("ROOT_ACCESS_KEY_ID ROOT_ACCESS_KEY", "iam.admin_user"),
    Key("ROOT_SECRET_ACCESS_KEY ROOT_SECRET_KEY", "iam.admin_secret", Kind.SECRET),
)
IAM_TYPE_INI: Final = "iam.type"
IAM_PATH_INI: Final = "iam.path"

_BESIDE: Final = (
    Key("LOGFILE VGW_ACCESS_LOG", "logging.access_log", Kind.PATH),
    Key("VGW_ADMIN_ACCESS_LOG", "logging.admin_access_log", Kind.PATH),
    Key("WEBHOOK VGW_LOG_WEBHOOK_URL", "logging.webhook_url", Kind.SECRET),
    *_group("VGW_EVENT_", "events", Kind.TEXT, "KAFKA_URL KAFKA_TOPIC KAFKA_KEY"),
    *_group("VGW_EVENT_", "events", Kind.TEXT, "NATS_URL NATS_TOPIC"),
    *_group("VGW_EVENT_", "events", Kind.TEXT, "RABBITMQ_URL RABBITMQ_EXCHANGE"),
    *_group("VGW_EVENT_", "events", Kind.TEXT, "RABBITMQ_ROUTING_KEY"),
    Key("VGW_EVENT_WEBHOOK_URL", "events.webhook_url", Kind.SECRET),
    Key("VGW_EVENT_FILTER", "events.filter", Kind.PATH),
    Key("VGW_METRICS_SERVICE_NAME", "metrics.service_name"),
    *_group("VGW_METRICS_", "metrics", Kind.LIST, "STATSD_SERVERS DOGSTATS_SERVERS"),
    Key("VGW_WEBUI_PORT", "webui.listen", Kind.ADDRESSES, direct=True),
    Key("VGW_WEBUI_CERT", "webui.cert_file", Kind.PATH),
    Key("VGW_WEBUI_KEY", "webui.key_file", Kind.PATH),
    Key("VGW_WEBUI_NO_TLS", "webui.no_tls", Kind.BOOL),
    *_group("VGW_WEBUI_", "webui", Kind.LIST, "GATEWAYS ADMIN_GATEWAYS"),
    *_group("VGW_WEBUI_", "webui", Kind.ROUTE, "PATH_PREFIX S3_PREFIX"),
    Key("VGW_WEBSITE_PORT", "website.listen", Kind.ADDRESSES, direct=True),
    Key("VGW_WEBSITE_DOMAIN", "website.domain"),
    Key("VGW_WEBSITE_CERT", "website.cert_file", Kind.PATH),
    Key("VGW_WEBSITE_KEY", "website.key_file", Kind.PATH),
    Key("VGW_WEBSITE_NO_TLS", "website.no_tls", Kind.BOOL),
)


def _new(path: str, kind: Kind, default: str = "") -> Key:
    name = f"VGW_IPFS_{path.upper().replace('.', '_')}"
    return Key(name, f"backend.ipfs.{path}", kind, fate=Fate.NEW, default=default)


NEW_KEYS: Final = (
    _new("cluster_endpoints", Kind.ENDPOINTS),
    _new("connect_timeout", Kind.DURATION, "30s"),
    _new("request_timeout", Kind.DURATION, "60s"),
    _new("max_retries", Kind.INT, "3"),
    _new("retry_delay", Kind.DURATION, "1s"),
    _new("max_concurrent_pins", Kind.INT, "100"),
    _new("pin_timeout", Kind.DURATION, "300s"),
    _new("chunk_size", Kind.INT, "1048576"),
    _new("replication_min", Kind.INT, "2"),
    _new("replication_max", Kind.INT, "3"),
    _new("metadata_db.type", Kind.WORD, "ydb"),
    _new("metadata_db.endpoints", Kind.HOSTS),
    _new("metadata_db.database", Kind.TEXT, "/local"),
    _new("metadata_db.table", Kind.WORD, "versitygw_objects"),
    _new("cache.enabled", Kind.BOOL, "true"),
    _new("cache.type", Kind.WORD, "redis_cluster"),
    _new("cache.endpoints", Kind.HOSTS),
    _new("cache.ttl", Kind.DURATION, "30m"),
)
OLD_KEYS: Final = (*_SERVER, *_BACKEND, *_POSIX, *_IAM, *_BESIDE)
ALL_KEYS: Final = (*_SERVER, *_BACKEND, *NEW_KEYS, *_POSIX, *_IAM, *_BESIDE)
"""In the order of the YAML's sections."""

BY_NAME: Final = {name: key for key in OLD_KEYS for name in key.names}
BY_INI: Final = {key.ini: key for key in OLD_KEYS if key.ini}
BY_PATH: Final = {key.path: key for key in ALL_KEYS}
