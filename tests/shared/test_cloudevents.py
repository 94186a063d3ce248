"""The binding against the examples of the CloudEvents specification, and against itself.

Facts from: Kafka protocol binding 1.0, sections 3.2.5 and 3.3.4; JSON event format 1.0, sections 2.2 and 3.2.
"""

import base64
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events import Envelope
from shared.events.cloudevents import Mode, NotACloudEvent, decode, encode, read_attributes

JSON_EVENT = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)
DATA = '{"reason":"请补充佐证","revision":2}'.encode()
ENVELOPE = Envelope(
    id=UUID("018ebb2e-7a00-7000-8000-000000000001"),
    type="report.returned",
    schema_version="1.0",
    source="/duban/task",
    subject="report/018ebb2e-7a00-7000-8000-0000000000aa",
    time=datetime(2024, 4, 8, 1, 0, tzinfo=UTC),
    aggregate_version=3,
    partition_key="sz-cbec-2022",
    actor="office",
    correlation_id="r-1",
    causation_id="",
    traceparent="",
    data=DATA,
)


def structured(members: Mapping[str, Any]) -> bytes:
    return orjson.dumps(members)


def members_of(envelope: Envelope) -> dict[str, Any]:
    return {**envelope.attributes(), "data": orjson.loads(envelope.data)}


def without(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: member for key, member in members.items() if key != name}


# --- binary mode ----------------------------------------------------------------------------------


def test_the_binary_example_of_the_kafka_binding_is_read() -> None:
    headers = (
        ("ce_specversion", b"1.0"),
        ("ce_type", b"com.example.someevent"),
        ("ce_source", b"/mycontext/subcontext"),
        ("ce_id", b"1234-1234-1234"),
        ("ce_time", b"2018-04-05T03:56:24Z"),
        ("content-type", b"application/avro"),
    )
    attributes, data = read_attributes(headers, b"\x00avro")
    assert attributes == {
        "specversion": "1.0",
        "type": "com.example.someevent",
        "source": "/mycontext/subcontext",
        "id": "1234-1234-1234",
        "time": "2018-04-05T03:56:24Z",
        "datacontenttype": "application/avro",
    }
    assert data == b"\x00avro"


def test_a_binary_record_has_a_header_for_each_attribute_and_the_data_as_it_is() -> None:
    headers, value = encode(ENVELOPE, "binary")
    assert dict(headers) == {
        "content-type": b"application/json",
        "ce_specversion": b"1.0",
        "ce_id": b"018ebb2e-7a00-7000-8000-000000000001",
        "ce_type": b"report.returned",
        "ce_source": b"/duban/task",
        "ce_subject": b"report/018ebb2e-7a00-7000-8000-0000000000aa",
        "ce_time": b"2024-04-08T01:00:00Z",
        "ce_dataschema": b"urn:duban:event:report.returned:1.0",
        "ce_aggregateversion": b"3",
        "ce_partitionkey": b"sz-cbec-2022",
        "ce_actor": b"office",
        "ce_correlationid": b"r-1",
    }
    assert value is DATA


def test_header_names_are_read_in_any_case() -> None:
    headers, value = encode(ENVELOPE, "binary")
    assert decode([(name.upper(), raw) for name, raw in headers], value) == ENVELOPE


def test_a_header_without_a_value_counts_as_absent() -> None:
    headers, value = encode(ENVELOPE, "binary")
    assert decode([*headers, ("ce_traceparent", None)], value) == ENVELOPE


def test_other_headers_are_no_attributes() -> None:
    headers, value = encode(ENVELOPE, "binary")
    attributes, _ = read_attributes([*headers, ("traceparent", b"00-ab-cd-01")], value)
    assert "traceparent" not in attributes


def test_a_binary_event_without_data_has_no_bytes() -> None:
    headers, _ = encode(ENVELOPE, "binary")
    assert read_attributes(headers, None)[1] == b""


# --- structured mode ------------------------------------------------------------------------------


def test_an_event_with_an_object_as_data_is_read() -> None:
    attributes, data = read_attributes(
        JSON_EVENT,
        b"""{
            "specversion" : "1.0",
            "type" : "com.example.someevent",
            "source" : "/mycontext",
            "subject": null,
            "id" : "C234-1234-1234",
            "time" : "2018-04-05T17:31:00Z",
            "comexampleextension1" : "value",
            "comexampleothervalue" : 5,
            "datacontenttype" : "application/json",
            "data" : { "appinfoA" : "abc", "appinfoB" : 123, "appinfoC" : true }
        }""",
    )
    assert attributes == {
        "specversion": "1.0",
        "type": "com.example.someevent",
        "source": "/mycontext",
        "id": "C234-1234-1234",
        "time": "2018-04-05T17:31:00Z",
        "comexampleextension1": "value",
        "comexampleothervalue": "5",
        "datacontenttype": "application/json",
    }
    assert orjson.loads(data) == {"appinfoA": "abc", "appinfoB": 123, "appinfoC": True}


SOME_EVENT = {"specversion": "1.0", "type": "com.example.someevent", "source": "/mycontext", "id": "B234-1234-1234"}


def test_binary_data_travels_in_base64() -> None:
    members = {
        **SOME_EVENT,
        "datacontenttype": "application/vnd.apache.thrift.binary",
        "data_base64": base64.b64encode(b"\x00\xffthrift").decode(),
    }
    assert read_attributes(JSON_EVENT, structured(members))[1] == b"\x00\xffthrift"


def test_xml_data_travels_as_a_string() -> None:
    members = {**SOME_EVENT, "datacontenttype": "application/xml", "data": '<much wow="xml"/>'}
    assert read_attributes(JSON_EVENT, structured(members))[1] == b'<much wow="xml"/>'


def test_a_string_without_a_content_type_is_a_json_string() -> None:
    attributes, data = read_attributes(JSON_EVENT, structured({**SOME_EVENT, "data": "I'm just a string"}))
    assert (attributes["datacontenttype"], data) == ("application/json", b'"I\'m just a string"')


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/json; charset=utf-8", "application/geo+json", "a/B+JSON"]
)
def test_any_json_content_type_keeps_json_data(content_type: str) -> None:
    members = {**SOME_EVENT, "datacontenttype": content_type, "data": "x"}
    assert read_attributes(JSON_EVENT, structured(members))[1] == b'"x"'


def test_an_explicit_null_is_data_and_an_absent_member_is_not() -> None:
    assert read_attributes(JSON_EVENT, structured({**SOME_EVENT, "data": None}))[1] == b"null"
    assert read_attributes(JSON_EVENT, b'{"data" : null, ' + structured(SOME_EVENT)[1:])[1] == b"null"
    assert read_attributes(JSON_EVENT, structured(SOME_EVENT))[1] == b""


def test_a_null_attribute_is_unset() -> None:
    attributes, _ = read_attributes(JSON_EVENT, structured({**SOME_EVENT, "subject": None, "data": {}}))
    assert "subject" not in attributes


def test_a_boolean_attribute_reads_as_its_canonical_text() -> None:
    assert read_attributes(JSON_EVENT, structured({**SOME_EVENT, "sampled": True}))[0]["sampled"] == "true"


@pytest.mark.parametrize(
    "content_type",
    [b"application/cloudevents+json", b"Application/CloudEvents+JSON; charset=UTF-8", b"APPLICATION/CLOUDEVENTS"],
)
def test_the_content_type_tells_the_mode_in_any_case(content_type: bytes) -> None:
    _, value = encode(ENVELOPE, "structured")
    assert decode((("Content-Type", content_type),), value) == ENVELOPE


def test_a_structured_record_may_repeat_attributes_as_headers() -> None:
    binary, _ = encode(ENVELOPE, "binary")
    headers, value = encode(ENVELOPE, "structured")
    repeated = [(name, raw) for name, raw in binary if name.startswith("ce_")]
    assert decode([*repeated, *headers], value) == ENVELOPE


def test_chinese_text_is_not_escaped() -> None:
    _, value = encode(ENVELOPE, "structured")
    assert "请补充佐证".encode() in value


def test_the_aggregate_version_is_a_json_number() -> None:
    _, value = encode(ENVELOPE, "structured")
    assert orjson.loads(value)["aggregateversion"] == 3


def test_data_that_comes_last_keeps_its_bytes() -> None:
    _, value = encode(ENVELOPE, "structured")
    assert decode(JSON_EVENT, value).data == DATA


def test_data_that_comes_first_is_read_and_other_members_stay_attributes() -> None:
    members = members_of(ENVELOPE)
    value = structured({"data": members["data"], **without(members, "data")})
    assert decode(JSON_EVENT, value) == ENVELOPE


def test_data_in_the_middle_is_read() -> None:
    members = members_of(ENVELOPE)
    value = structured({"specversion": "1.0", "data": members["data"], **without(members, "data")})
    assert decode(JSON_EVENT, value) == ENVELOPE


def test_an_indented_event_is_read() -> None:
    value = orjson.dumps(members_of(ENVELOPE), option=orjson.OPT_INDENT_2) + b"\n"
    assert orjson.loads(decode(JSON_EVENT, value).data) == orjson.loads(DATA)


def test_text_that_looks_like_the_data_member_misleads_nobody() -> None:
    members = {**members_of(ENVELOPE), "actor": 'x","data":{}}', "data": {"a": 'y","data":1', "data": {"data": 2}}}
    envelope = decode(JSON_EVENT, structured(members))
    assert envelope.actor == 'x","data":{}}'
    assert orjson.loads(envelope.data) == members["data"]


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["binary", "structured"])
@pytest.mark.parametrize(
    "name", ["specversion", "id", "type", "source", "subject", "time", "dataschema", "aggregateversion", "partitionkey"]
)
def test_an_event_without_a_required_attribute_is_refused_by_its_name(mode: Mode, name: str) -> None:
    headers, value = encode(ENVELOPE, mode)
    if mode == "binary":
        headers = tuple(header for header in headers if header[0] != f"ce_{name}")
    else:
        value = structured(without(members_of(ENVELOPE), name))
    with pytest.raises(NotACloudEvent, match=name):
        decode(headers, value)


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("specversion", "0.3"),
        ("id", "1234"),
        ("id", 5),
        ("time", "2024-04-08T09:00:00"),
        ("time", "yesterday"),
        ("time", "0001-01-01T00:00:00+08:00"),
        ("time", 1712538000),
        ("dataschema", "https://example.com/schema.json"),
        ("dataschema", "urn:duban:event:report.accepted:1.0"),
        ("dataschema", "urn:duban:event:report.returned:1"),
        ("aggregateversion", "three"),
        ("aggregateversion", 0),
        ("aggregateversion", 2**31),
        ("aggregateversion", 1.5),
        ("actor", {"name": "office"}),
        ("actor", ["office"]),
    ],
)
def test_a_malformed_attribute_is_refused(name: str, member: object) -> None:
    with pytest.raises(NotACloudEvent):
        decode(JSON_EVENT, structured({**members_of(ENVELOPE), name: member}))


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{,"data":1}',
        b"\xff\xfe",
        structured(SOME_EVENT)[:-1] + b',"data":123',
        structured(SOME_EVENT)[:-1] + b',"data":{"a":1}',
        structured(SOME_EVENT)[:-1] + b',"data":}',
        structured({**SOME_EVENT, "data_base64": "not base64!"}),
        structured({**SOME_EVENT, "data_base64": 5}),
        structured({**SOME_EVENT, "data_base64": "e30=", "data": {}}),
        structured({**SOME_EVENT, "datacontenttype": "application/xml", "data": {"a": 1}}),
    ],
)
def test_a_broken_structured_record_is_refused(value: bytes | None) -> None:
    with pytest.raises(NotACloudEvent):
        read_attributes(JSON_EVENT, value)


def test_a_batch_is_refused() -> None:
    with pytest.raises(NotACloudEvent):
        read_attributes((("content-type", b"application/cloudevents-batch+json"),), structured([SOME_EVENT]))  # type: ignore[arg-type]


def test_a_record_of_another_program_is_refused() -> None:
    with pytest.raises(NotACloudEvent, match="specversion"):
        read_attributes((("content-type", b"application/json"),), b"{}")


def test_a_header_that_is_not_utf_8_is_refused() -> None:
    headers, value = encode(ENVELOPE, "binary")
    with pytest.raises(NotACloudEvent):
        decode([*headers, ("ce_actor", b"\xff")], value)


# --- there and back -------------------------------------------------------------------------------

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
some_text = text.filter(bool)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text | st.just("data"), inner, max_size=4),
    max_leaves=12,
)
spacing = st.sampled_from([0, orjson.OPT_INDENT_2, orjson.OPT_APPEND_NEWLINE])
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
envelopes = st.builds(
    Envelope,
    id=st.uuids(),
    type=some_text,
    schema_version=st.from_regex(r"[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True),
    source=some_text,
    subject=some_text,
    time=st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=offsets),  # noqa: DTZ001 - hypothesis adds the zone
    aggregate_version=st.integers(1, 2**31 - 1),
    partition_key=some_text,
    actor=text,
    correlation_id=text,
    causation_id=text,
    traceparent=text,
    data=st.builds(lambda value, option: orjson.dumps(value, option=option), json_values, spacing),
)


@given(envelopes, st.sampled_from(["binary", "structured"]))
def test_decoding_what_was_encoded_gives_the_same_event_and_the_same_bytes(envelope: Envelope, mode: Mode) -> None:
    assert decode(*encode(envelope, mode)) == envelope


@given(envelopes)
def test_a_structured_event_is_json_with_the_members_of_the_event(envelope: Envelope) -> None:
    _, value = encode(envelope, "structured")
    expected = {
        **envelope.attributes(),
        "aggregateversion": envelope.aggregate_version,
        "data": orjson.loads(envelope.data),
    }
    assert orjson.loads(value) == expected


@given(envelopes, st.randoms(use_true_random=False))
def test_the_order_and_spacing_of_members_do_not_matter(envelope: Envelope, random: Any) -> None:
    members = list(members_of(envelope).items())
    random.shuffle(members)
    again = decode(JSON_EVENT, orjson.dumps(dict(members), option=orjson.OPT_INDENT_2))
    assert again.attributes() == envelope.attributes()
    assert orjson.loads(again.data) == orjson.loads(envelope.data)


@given(st.binary(max_size=200) | json_values.map(orjson.dumps))
def test_no_bytes_whatever_raise_anything_else(value: bytes) -> None:
    try:
        decode(JSON_EVENT, value)
    except NotACloudEvent:
        return
    pytest.fail("bytes at random were read as an event")


@given(st.dictionaries(st.sampled_from([*ENVELOPE.attributes(), "data_base64", "x"]), json_values))
def test_an_event_with_strange_members_is_read_or_refused(members: dict[str, Any]) -> None:
    with suppress(NotACloudEvent):
        assert decode(JSON_EVENT, structured({**members_of(ENVELOPE), **members})).type == members.get(
            "type", ENVELOPE.type
        )
