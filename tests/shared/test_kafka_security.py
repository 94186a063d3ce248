"""A production broker wants TLS and a password."""

import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.bus import KafkaSecurity
from shared.bus.kafka import KafkaBus
from shared.testing.kafka_server import PackagedKafka
from shared.testing.servers import CACHE, NoServer
from tests.shared.bus_contract import joined, message, publish, read

pytestmark = pytest.mark.kafka

LOGIN = "org.apache.kafka.common.security.scram.ScramLoginModule"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="duban-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def ca_file(folder: Path) -> Path:
    return write_certificates(folder)


@pytest.fixture(scope="module")
def secure_kafka(folder: Path, ca_file: Path) -> Iterator[PackagedKafka]:
    login = f'{LOGIN} required username="duban" password="s3cret";'
    broker = PackagedKafka(
        folder / "kafka",
        CACHE,
        listener="SASL_SSL",
        properties={
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": login,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(folder / "broker.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(ca_file),
        },
        format_options=["--add-scram", "SCRAM-SHA-512=[name=duban,password=s3cret]"],
    )
    try:
        broker.start()
    except NoServer as reason:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"no Kafka from packages: {reason}")
    yield broker
    broker.close()


async def test_messages_pass_with_the_right_password_over_tls(secure_kafka: PackagedKafka, ca_file: Path) -> None:
    bus = KafkaBus([secure_kafka.bootstrap], KafkaSecurity("duban", "s3cret", str(ca_file)))
    await bus.create_topics({"t": 3})
    await publish(bus, [message("t")])
    member = await joined(bus, "g", "t")
    assert len(await read(member, 1)) == 1
    await bus.stop()


async def test_a_wrong_password_reaches_nothing(secure_kafka: PackagedKafka, ca_file: Path) -> None:
    bus = KafkaBus([secure_kafka.bootstrap], KafkaSecurity("duban", "wrong", str(ca_file)))
    assert await bus.reachable() is False
    assert await bus.publish([message("t")]) == [False]
    await bus.stop()


async def test_a_broker_whose_certificate_nobody_vouches_for_is_not_trusted(
    secure_kafka: PackagedKafka, tmp_path: Path
) -> None:
    bus = KafkaBus([secure_kafka.bootstrap], KafkaSecurity("duban", "s3cret", str(write_certificates(tmp_path))))
    assert await bus.reachable() is False
    await bus.stop()


def test_a_password_is_not_shown(ca_file: Path) -> None:
    assert "s3cret" not in repr(KafkaSecurity("duban", "s3cret", str(ca_file)))


def write_certificates(folder: Path) -> Path:
    """A certification authority's `ca.pem`, which is returned, and `broker.pem` with a key and its certificate."""
    ca_key, broker_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = certificate("Test CA", ca_key, "Test CA", ca_key, x509.BasicConstraints(ca=True, path_length=0))
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    broker = certificate("broker", broker_key, "Test CA", ca_key, address)
    key = broker_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "broker.pem").write_bytes(key + broker.public_bytes(serialization.Encoding.PEM))
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    return folder / "ca.pem"


def certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(extension, critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
