"""Customer identifiers leave the landing only as salted hashes."""

import hashlib
import hmac
import io
import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import phonenumbers
import pytest
from desk import CALLS, LOG, Desk

from vitals.errors import VitalsError
from vitals.landing.identifiers import load_salt, make_salt, normalised


def digest(value: str, salt: str = "pepper") -> str:
    return hmac.new(salt.encode(), value.encode(), hashlib.sha256).hexdigest()[:32]


HIDDEN = replace(CALLS, identifiers=("caller",), anonymous=("switchboard",))


def test_an_identifier_is_trimmed_folded_and_hashed(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '{"id": 1, "caller": " Ann@X.org "}\n{"id": 2, "caller": 4479}')
    desk.land(HIDDEN)
    assert desk.values("caller", HIDDEN) == [digest("ann@x.org"), digest("4479")]


def test_a_number_has_one_hash_with_and_without_its_scheme(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '{"id": 1, "caller": "tel:+4479"}\n{"id": 2, "caller": "+4479"}')
    desk.land(HIDDEN)
    assert desk.values("caller", HIDDEN) == [digest("+4479")] * 2


@pytest.mark.parametrize("word", ["", " ", "Anonymous", "UNKNOWN", "restricted", "null", "0", "Switchboard"])
def test_words_for_nobody_become_null(desk: Desk, word: str) -> None:
    desk.drop("acme/calls/a.json", json.dumps({"id": 1, "caller": word}))
    desk.land(HIDDEN)
    assert desk.values("caller", HIDDEN) == [None]


def test_dotted_paths_reach_into_json(desk: Desk) -> None:
    stream = replace(CALLS, identifiers=("caller.Address", "queue.To.Number"))
    desk.drop(
        "acme/calls/a.json",
        '{"id": 1, "caller": {"Address": "+44", "Type": "TEL"}, '
        '"queue": [{"To": {"Number": "1", "n": 2}}, {"To": null}]}\n'
        '{"id": 2, "caller": {"Address": "anonymous"}, "queue": {"Name": "q"}}\n'
        '{"id": 3, "caller": "+45", "queue": "plain"}\n',
    )
    desk.land(stream)
    rows = desk.rows(stream)
    assert json.loads(rows[0]["caller"]) == {"Address": digest("+44"), "Type": "TEL"}
    assert json.loads(rows[0]["queue"]) == [{"To": {"Number": digest("1"), "n": "2"}}, {"To": None}]
    assert json.loads(rows[1]["caller"]) == {"Address": None}
    assert json.loads(rows[1]["queue"]) == {"Name": "q"}
    # Where the declared object is missing, the value is hashed whole.
    assert (rows[2]["caller"], rows[2]["queue"]) == (digest("+45"), digest("plain"))


def test_dotted_paths_reach_into_json_in_a_csv_field(desk: Desk) -> None:
    stream = replace(CALLS, format="delimited", identifiers=("caller.Address",))
    desk.drop("acme/calls/a.csv", 'id,caller\n1,"{""Address"": ""+44""}"\n2,"{broken"\n3,\n')
    desk.land(stream)
    assert desk.values("caller", stream) == [f'{{"Address":"{digest("+44")}"}}', digest("{broken"), None]


def test_an_identifier_that_is_an_object_is_hashed_inside(desk: Desk) -> None:
    desk.drop("acme/calls/a.json", '{"id": 1, "caller": {"phones": ["1", "2"], "mail": null}}')
    desk.land(HIDDEN)
    (value,) = desk.values("caller", HIDDEN)
    assert json.loads(str(value)) == {"phones": [digest("1"), digest("2")], "mail": None}


def test_conditions_say_in_which_rows_a_column_is_an_identifier(desk: Desk) -> None:
    stream = replace(LOG, identifiers=("data2",), identifiers_where={"event": ("ENTERQUEUE",)})
    desk.drop("acme/log/a", "1|c|ENTERQUEUE||+44\n2|c|CONNECT|3|7\n3|c|ENTERQUEUE||anonymous\n")
    desk.land(stream)
    assert desk.values("data2", stream) == [digest("+44"), "7", None]


def test_another_salt_lands_everything_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.drop("acme/calls/a.json", '{"id": 1, "caller": "x"}')
    desk.land(HIDDEN)
    monkeypatch.setenv("VITALS_SALT", "other")
    assert desk.only(HIDDEN).status == "landed"
    assert desk.values("caller", HIDDEN) == [digest("x", "other")]


def test_a_salt_is_made_once_and_kept_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VITALS_SALT", raising=False)
    file = tmp_path / "deep" / "salt.key"
    assert make_salt(file)
    salt = load_salt(file)
    assert not make_salt(file)
    assert len(bytes.fromhex(salt.decode())) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert load_salt(file) == salt


@pytest.mark.parametrize(
    ("mode", "content", "message"), [(0o640, "a", "Others can read"), (0o600, " ", "is empty")]
)
def test_an_unsafe_salt_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, content: str, message: str
) -> None:
    monkeypatch.delenv("VITALS_SALT", raising=False)
    file = tmp_path / "salt.key"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(VitalsError, match=message) as caught:
        load_salt(file)
    assert str(file) in str(caught.value)


def test_without_a_salt_no_identifier_lands(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VITALS_SALT")
    desk.drop("acme/calls/a.json", '{"id": 1, "caller": "x"}')
    with pytest.raises(VitalsError, match="There is no salt") as caught:
        desk.land(HIDDEN)
    assert "vitals salt" in caught.value.remedy
    assert not desk.paths.salt_file.exists()


def test_files_that_cannot_be_hashed_anew_stop_a_landing_with_another_salt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = desk.drop("acme/calls/a.json", '{"id": 1, "caller": "x"}')
    desk.land(HIDDEN)
    file.unlink()
    desk.drop("acme/calls/b.json", '{"id": 2, "caller": "y"}')
    monkeypatch.setenv("VITALS_SALT", "other")
    with pytest.raises(VitalsError, match=r"another salt.*acme/calls/a\.json"):
        desk.land(HIDDEN)
    assert desk.values("caller", HIDDEN) == [digest("x")]
    monkeypatch.setenv("VITALS_SALT", "pepper")
    desk.land(HIDDEN)
    assert sorted(filter(None, desk.values("caller", HIDDEN))) == sorted([digest("x"), digest("y")])


def test_without_identifiers_no_salt_is_needed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VITALS_SALT")
    desk.land(CALLS)
    assert not desk.paths.salt_file.exists()


def test_a_column_declared_as_the_hash_of_another_leaves_that_one_as_it_is(desk: Desk) -> None:
    stream = replace(CALLS, columns=(*CALLS.columns, "caller_key"), hash_of={"caller_key": "caller"})
    desk.drop("acme/calls/a.json", '{"id": 1, "caller": 4479}\n{"id": 2}\n{"id": 3, "caller": "anonymous"}')
    desk.land(stream)
    assert desk.values("caller", stream) == ["4479", None, "anonymous"]
    assert desk.values("caller_key", stream) == [digest("4479"), None, None]


def test_an_agents_mail_address_is_hashed_alike_after_any_prefix_and_other_ids_stay(desk: Desk) -> None:
    stream = replace(CALLS, agents=("caller.Username", "queue"))
    desk.drop(
        "acme/calls/a.json",
        '{"id": 1, "caller": {"Username": "Ann@x.org"}, "queue": "amazon_connect:ann@x.org"}\n'
        '{"id": 2, "caller": {"Username": "ann"}, "queue": "SIP/ann@x.org"}\n',
    )
    desk.land(stream)
    hashed = digest("ann@x.org")
    assert [json.loads(str(each))["Username"] for each in desk.values("caller", stream)] == [hashed, "ann"]
    assert desk.values("queue", stream) == [f"amazon_connect:{hashed}", f"SIP/{hashed}"]


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_what_is_a_customers_on_some_rows_and_an_agents_on_others_is_hashed_once(desk: Desk, kind: str) -> None:
    stream = replace(CALLS, identifiers=("caller",), identifiers_where={"queue": ("customer",)}, agents=("caller",))
    rows = [("customer", "ann@x.org"), ("customer", "+4479"), ("agent", "five9:ann@x.org"), ("agent", "anna")]
    if kind == "json":
        text = "".join(json.dumps({"id": 1, "queue": queue, "caller": caller}) for queue, caller in rows)
        desk.drop("acme/calls/a.json", text)
    else:
        target = io.BytesIO()
        queues, callers = zip(*rows, strict=True)
        pq.write_table(pa.table({"id": ["1"] * 4, "queue": queues, "caller": callers}), target)
        desk.drop("acme/calls/a.parquet", target.getvalue())
    desk.land(stream)
    address = digest("ann@x.org")
    assert desk.values("caller", stream) == [address, digest("+4479"), f"five9:{address}", "anna"]


def test_extensions_are_shorter_than_numbers_and_stay(desk: Desk) -> None:
    stream = replace(CALLS, identifiers=("caller",), identifiers_from=7)
    rows = ["201", " 112 ", "s", "123456", "1234567", "anonymous", "+359 2 1"]
    text = "".join(json.dumps({"id": 1, "caller": each}) for each in rows)
    desk.drop("acme/calls/a.json", text)
    desk.land(stream)
    hidden = [digest("1234567"), None, digest("+359 2 1")]
    assert desk.values("caller", stream) == ["201", " 112 ", "s", "123456", *hidden]


@pytest.mark.parametrize(
    ("written", "region", "meant"),
    [
        (" Ann@X.org ", None, "ann@x.org"),
        ("mailto:Ann@X.org", None, "ann@x.org"),
        ("+359 888-123-456", None, "+359888123456"),
        ("tel:+359888123456", None, "+359888123456"),
        ("whatsapp:+359888123456", None, "+359888123456"),
        # the national prefix belongs into no international number, however it is written
        ("+44 (0)20 7031 3000", None, "+442070313000"),
        ("+4402070313000", None, "+442070313000"),
        # Italy's zero is part of the number
        ("+39 06 698 12345", None, "+390669812345"),
        ("+359 2 123 4567;ext=12", None, "+35921234567;ext=12"),
        # without a country nobody knows whose number it is, or whether it is one
        ("0888 123 456", None, "0888 123 456"),
        ("0888 123 456", "BG", "+359888123456"),
        ("00359 888 123 456", "BG", "+359888123456"),
        ("(415) 555-0123", "US", "+14155550123"),
        ("+359888123456", "US", "+359888123456"),
        # what is no possible number, or none at all, stays
        ("+4479", None, "+4479"),
        ("12", "BG", "12"),
        ("ann", "BG", "ann"),
        ("+Ann", None, "+ann"),
        ("+1-800-FLOWERS", None, "+1-800-flowers"),
        ("360100000000", None, "360100000000"),
    ],
)
def test_an_identifier_is_written_in_one_way(written: str, region: str | None, meant: str) -> None:
    assert normalised(written, region) == meant


def test_every_country_s_numbers_come_out_as_the_library_reads_them() -> None:
    seen = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE):
            example = phonenumbers.example_number_for_type(region, kind)
            if example is None:
                continue
            code = str(example.country_code)
            plain = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            for text in (plain, *(f"+{code}{prefix}{plain[1 + len(code) :]}" for prefix in "018")):
                number = phonenumbers.parse(text)
                expected = (
                    phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
                    if phonenumbers.is_possible_number(number)
                    else text
                )
                assert normalised(text) == expected, (region, text)
                seen += 1
    assert seen > 1500


def test_a_country_is_meant_in_the_columns_of_telephone_numbers_alone(desk: Desk) -> None:
    stream = replace(CALLS, identifiers=("caller", "queue.To"), phones=("queue.To",), phone_region="BG")
    desk.drop(
        "acme/calls/a.json",
        '{"id": 1, "caller": "0888 123 456", "queue": {"To": "0888 123 456"}}\n'
        '{"id": 2, "caller": "+359 888 123 456", "queue": {"To": "anonymous"}}',
    )
    desk.land(stream)
    one = digest("+359888123456")
    assert desk.values("caller", stream) == [digest("0888 123 456"), one]
    assert [json.loads(str(each))["To"] for each in desk.values("queue", stream)] == [one, None]
