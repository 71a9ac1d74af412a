"""Clients by access log: lines as VersityGW 1.7.0 writes them, told apart and counted."""

from __future__ import annotations

from core.operate.clients.seen import MOST, calls

LINE = (
    "AKOWN {bucket} [25/November/2026:23:00:14 +0000] 10.0.0.{n} {access} 80PYQ s3_GetObject {key}"
    " /b/k?X-Amz-Signature=PLANTED 200 - 12 12 3 3 - {agent} - hostid SigV4 - AuthHeader"
    " s3.us-east-1.amazonaws.com - arn:aws:s3:::/b/k Yes\n"
)


def line(
    agent: str, *, access: str = "AK", n: int = 1, key: str = "a b", bucket: str = "b"
) -> bytes:
    return LINE.format(agent=agent, access=access, n=n, key=key, bucket=bucket).encode()


def test_callers_are_told_apart_by_agent_key_and_address_the_busiest_first() -> None:
    found = calls(
        [
            b"log starts 2026-11-25 23:00:13 +0000 UTC m=+0.01\n",
            line("Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux"),
            line("rclone/v1.68.0"),
            line("rclone/v1.68.0"),
            line("rclone/v1.68.0", access="OTHER"),
            line("-", access="-", n=7),
        ]
    )
    assert found.requests == 5
    assert [(one.tool, one.access, one.requests) for one in found.callers] == [
        ("rclone", "AK", 2),
        ("other", "-", 1),
        ("boto3", "AK", 1),
        ("rclone", "OTHER", 1),
    ]
    assert found.callers[2].agent == "Boto3/1.40.61 md/Botocore#1.40.61 ua/2.1 os/linux"
    assert found.callers[0].last == "25/November/2026:23:00:14 +0000"


def test_tools_are_known_by_their_user_agents() -> None:
    agents = {
        "aws-cli/2.15.0 md/awscrt#0.19": "aws",
        "aws-sdk-go/1.44.1 (go1.21; linux; amd64) S3Manager s5cmd": "s5cmd",
        "MinIO (linux; amd64) minio-go/v7.0.66 mc/RELEASE.2024-01-11": "mc",
        "MinIO (linux; amd64) minio-go/v7.0.66": "minio SDK",
        "aws-sdk-java/2.20": "aws SDK",
        "curl/8.5": "other",
    }
    for agent, tool in agents.items():
        assert [one.tool for one in calls([line(agent)]).callers] == [tool], agent


def test_no_signature_and_no_control_character_of_a_log_is_shown() -> None:
    found = calls([line("evil\x1b[2J"), line("a 200 - 1 1 1 1 - rclone/v1 - h SigV4 x")])
    shown = repr(found)
    assert "PLANTED" not in shown
    assert "\\x1b" not in shown
    assert "\\\\u{1b}" in shown.lower()


def test_callers_beyond_the_bound_are_counted_together() -> None:
    found = calls(line(f"agent/{n}") for n in range(MOST + 5))
    assert (len(found.callers), found.others, found.requests) == (MOST, 5, MOST + 5)
