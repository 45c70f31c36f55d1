"""How customers and agents behave in each queue: loads, hours, durations, patience, types of contact.

All durations are means in seconds; shares are probabilities; hours and days are relative loads in the site's
local time, from midnight and from Monday on. A queue that this module does not know is left alone.
"""

from dataclasses import dataclass
from datetime import date

from vitals.simulate.reference import Reference

# Share of contacts that come from a first need; the rest are customers who come back.
FIRST_NEED_SHARE = 0.865
# Contacts on top of the customers' own, as shares of them.
OUTBOUND_SHARE = 0.015
TEST_SHARE = 0.006
MONITOR_SHARE = 0.008
INTERNAL_SHARE = 0.005
# Customers.
ANONYMOUS_SHARE = 0.04
CONTACTS_PER_CUSTOMER = 1.1
SHARED_NUMBER_EVERY = 200
OFFICE_EVERY = 100
OFFICE_SIZE = 4
# Outcome of a handled matter, and who comes back when it is not settled.
RESOLVED_SHARE = 0.80
SELF_SERVICE_RESOLVED_SHARE = 0.85
RETURN_SHARE_UNRESOLVED = 0.55
RETURN_SHARE_ABANDONED = 0.45
SAME_LANE_SHARE = 0.6
RETURN_DELAY_SECONDS = 110_000
FLAGGED_SHARE = 0.65
FLAG_RIGHT_SHARE = 0.93
# Contact types: absent, and words that no map knows.
TYPE_ABSENT_SHARE = 0.04
TYPE_UNKNOWN_SHARE = 0.006
UNKNOWN_TYPE_WORDS = ("Misc 2", "tbd", "Sonstiges", "xx-legacy")
# Agents.
NO_ANSWER_SHARE = 0.015
NO_ANSWER_RING_SECONDS = 15
BLOCKED_AFTER_NO_ANSWER_SECONDS = 20
EXTERNAL_SHARE_OF_TRANSFERS = 0.18
TRANSFER_PATIENCE_SECONDS = 200
CALLBACK_ASKED_AFTER_SECONDS = 60
CALLBACK_HELD_SHARE = 0.85
CALLBACK_GIVEN_UP_SECONDS = 4 * 3600
CROSS_SKILLED_EVERY = 4
# Some talk longer than others about the same matters, and some are quicker: place in every so many, factor.
PACE_EVERY = 10
PACES = {3: 1.5, 8: 0.7}
TARGET_SERVICE_LEVEL = 0.74


def _hours(text: str) -> tuple[float, ...]:
    return tuple(map(float, text.split()))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


OFFICE = _hours(
    "0.02 0.01 0.01 0.01 0.02 0.05 0.2 0.8 2.6 5.4 6.6 6.4 5.2 5.0 5.9 6.0 5.6 5.0 3.8 2.4 0.8 0.3 0.12 0.05"
)
ROUND_CLOCK = _hours(
    "0.8 0.6 0.5 0.5 0.6 0.9 1.9 3.6 5.2 5.9 6.0 5.8 5.4 5.3 5.2 5.2 5.4 6.0 6.2 5.4 4.4 3.2 2.0 1.2"
)
EVENING = _hours(
    "0.9 0.5 0.3 0.2 0.2 0.3 0.8 1.8 3.2 4.2 4.6 4.8 5.4 5.0 4.6 4.6 5.0 5.8 6.8 7.4 7.0 5.4 3.4 1.8"
)
WEEKDAYS = (1.16, 1.06, 1.02, 1.0, 0.98, 0.42, 0.30)
EVERY_DAY = (1.10, 1.04, 1.0, 0.98, 1.0, 0.92, 0.86)


@dataclass(frozen=True, slots=True)
class Lane:
    """The work of one queue in one channel."""

    queue: str
    channel: str
    platform: str
    weight: float
    hours: tuple[float, ...]
    days: tuple[float, ...]
    opens: int
    closes: int
    talk: float
    types: tuple[tuple[str, float], ...]
    acw: float = 0.0
    hold: float = 0.0
    hold_share: float = 0.0
    patience: float = 0.0
    impatient_share: float = 0.05
    ring: int = 4
    ivr: float = 0.0
    self_service_share: float = 0.0
    hang_up_share: float = 0.0
    timeout: int = 0
    full_at: int = 0
    callback_share: float = 0.0
    key_exit_share: float = 0.0
    transfer_share: float = 0.0
    transfer_to: tuple[str, ...] = ()
    concurrency: int = 1
    measures_hold: bool = True
    measures_acw: bool = True
    target: int = 20
    least_agents: int = 1

    @property
    def is_deferred(self) -> bool:
        """True when the customer does not wait on the line."""
        return self.channel in ("email", "sms", "social")


_BILLING = (
    ("billing_question", 46.0),
    ("payment", 26.0),
    ("meter_reading", 13.0),
    ("moving_home", 9.0),
    ("complaint", 4.0),
    ("general_enquiry", 2.0),
)
_BOOKINGS = (
    ("new_booking", 58.0),
    ("booking_change", 16.0),
    ("cancellation", 8.0),
    ("general_enquiry", 14.0),
    ("complaint", 4.0),
)

LANES = (
    Lane(
        "aurora_billing",
        "voice",
        "amazon_connect",
        17,
        OFFICE,
        WEEKDAYS,
        8,
        20,
        265,
        _BILLING,
        acw=48,
        hold=55,
        hold_share=0.25,
        patience=210,
        ivr=38,
        self_service_share=0.13,
        hang_up_share=0.035,
        timeout=420,
        callback_share=0.5,
        transfer_share=0.12,
        transfer_to=("aurora_outages", "aurora_billing"),
    ),
    Lane(
        "aurora_billing",
        "chat",
        "amazon_connect",
        6,
        EVENING,
        WEEKDAYS,
        8,
        20,
        560,
        _BILLING,
        acw=35,
        patience=260,
        ring=6,
        timeout=480,
        transfer_share=0.05,
        transfer_to=("aurora_billing",),
        concurrency=3,
        target=60,
    ),
    Lane(
        "aurora_outages",
        "voice",
        "amazon_connect",
        10,
        ROUND_CLOCK,
        EVERY_DAY,
        0,
        24,
        175,
        (("outage_report", 55.0), ("outage_status", 38.0), ("complaint", 4.0), ("general_enquiry", 3.0)),
        acw=25,
        hold=40,
        hold_share=0.12,
        patience=240,
        ivr=24,
        self_service_share=0.16,
        hang_up_share=0.05,
        timeout=420,
        callback_share=0.3,
        transfer_share=0.06,
        transfer_to=("aurora_billing",),
        target=15,
    ),
    Lane(
        "meridian_bookings",
        "voice",
        "amazon_connect",
        11,
        ROUND_CLOCK,
        EVERY_DAY,
        0,
        24,
        395,
        _BOOKINGS,
        acw=70,
        hold=80,
        hold_share=0.34,
        patience=230,
        ivr=42,
        self_service_share=0.08,
        hang_up_share=0.03,
        timeout=420,
        callback_share=0.6,
        transfer_share=0.13,
        transfer_to=("meridian_changes",),
        target=30,
    ),
    Lane(
        "meridian_bookings",
        "chat",
        "amazon_connect",
        5,
        EVENING,
        EVERY_DAY,
        8,
        22,
        640,
        _BOOKINGS,
        acw=40,
        patience=280,
        ring=6,
        timeout=480,
        transfer_share=0.05,
        transfer_to=("meridian_bookings",),
        concurrency=3,
        target=60,
    ),
    Lane(
        "meridian_changes",
        "voice",
        "amazon_connect",
        10,
        OFFICE,
        EVERY_DAY,
        7,
        22,
        300,
        (
            ("booking_change", 45.0),
            ("cancellation", 24.0),
            ("refund", 20.0),
            ("baggage", 7.0),
            ("complaint", 4.0),
        ),
        acw=55,
        hold=60,
        hold_share=0.3,
        patience=220,
        ivr=30,
        self_service_share=0.10,
        hang_up_share=0.03,
        timeout=420,
        callback_share=0.5,
        transfer_share=0.11,
        transfer_to=("meridian_bookings", "meridian_changes"),
        target=30,
    ),
    Lane(
        "halcyon_cards",
        "voice",
        "asterisk",
        12,
        ROUND_CLOCK,
        EVERY_DAY,
        0,
        24,
        215,
        (("card_dispute", 1.0),),
        acw=30,
        patience=190,
        timeout=270,
        full_at=40,
        key_exit_share=0.12,
        transfer_share=0.10,
        transfer_to=("halcyon_loans",),
        measures_hold=False,
        measures_acw=False,
    ),
    Lane(
        "halcyon_loans",
        "voice",
        "asterisk",
        5,
        OFFICE,
        WEEKDAYS,
        9,
        20,
        430,
        (("loan_application", 1.0),),
        acw=60,
        patience=210,
        timeout=270,
        full_at=25,
        key_exit_share=0.10,
        transfer_share=0.11,
        transfer_to=("halcyon_cards",),
        measures_hold=False,
        measures_acw=False,
    ),
    Lane(
        "aurora_email",
        "email",
        "zendesk",
        7,
        EVENING,
        WEEKDAYS,
        8,
        18,
        420,
        (
            ("billing_question", 40.0),
            ("payment", 18.0),
            ("meter_reading", 14.0),
            ("moving_home", 14.0),
            ("complaint", 10.0),
            ("general_enquiry", 4.0),
        ),
        target=14400,
    ),
    Lane(
        "meridian_support",
        "voice",
        "zendesk",
        6,
        OFFICE,
        EVERY_DAY,
        8,
        20,
        280,
        (
            ("refund", 34.0),
            ("baggage", 30.0),
            ("complaint", 20.0),
            ("cancellation", 10.0),
            ("general_enquiry", 6.0),
        ),
        acw=45,
        hold=50,
        hold_share=0.25,
        patience=200,
        ivr=26,
        hang_up_share=0.025,
        timeout=270,
        callback_share=0.5,
        transfer_share=0.11,
        transfer_to=("meridian_support",),
        target=30,
        least_agents=2,
    ),
    Lane(
        "meridian_support",
        "email",
        "zendesk",
        3,
        EVENING,
        EVERY_DAY,
        8,
        20,
        480,
        (("refund", 40.0), ("baggage", 26.0), ("complaint", 22.0), ("booking_change", 12.0)),
        target=14400,
    ),
    Lane(
        "halcyon_messaging",
        "sms",
        "template",
        4,
        EVENING,
        EVERY_DAY,
        8,
        22,
        340,
        (("balance_enquiry", 45.0), ("card_dispute", 20.0), ("card_lost", 20.0), ("loan_status", 15.0)),
        acw=20,
        self_service_share=0.10,
        transfer_share=0.08,
        transfer_to=("halcyon_messaging",),
        concurrency=3,
        measures_hold=False,
        target=900,
    ),
    Lane(
        "halcyon_messaging",
        "social",
        "template",
        3,
        EVENING,
        EVERY_DAY,
        8,
        22,
        380,
        (("complaint", 35.0), ("card_dispute", 30.0), ("balance_enquiry", 20.0), ("general_enquiry", 15.0)),
        acw=25,
        transfer_share=0.08,
        transfer_to=("halcyon_messaging",),
        concurrency=3,
        measures_hold=False,
        target=3600,
    ),
)

PHONE_PREFIXES = {"FR": "+336", "BG": "+3598", "CA": "+15145", "PH": "+639"}
CURRENCIES = {"FR": "EUR", "BG": "BGN", "CA": "CAD", "PH": "PHP"}
HOURLY_PAY = {"FR": "19.40", "BG": "15.80", "CA": "27.50", "PH": "265.00"}
LANGUAGES = {
    "aurora_energy": ("fr", "fr", "fr", "en"),
    "halcyon_bank": ("bg", "bg", "en"),
    "meridian_travel": ("en", "en", "fr"),
}
FIRST_NAMES = _words(
    "Anna Boris Chloé Daniel Elena Fabrice Gergana Hugo Ivan Jasmine Kaloyan Léa Maria Nikolay Olivia Petar "
    "Quentin Rosa Stefan Theo Ursula Victor Wendy Xavier Yana Zoé"
)
LAST_NAMES = _words(
    "Martin Dimitrov Tremblay Reyes Bernard Ivanova Gagnon Santos Petit Georgiev Roy Cruz Moreau Petrova "
    "Côté Garcia Laurent Nikolov Bouchard Mendoza"
)


# What business events do to the arrivals of the contacts that they are about, as a factor; when and where is
# said by seeds/reference/business_events.csv. An event that is not listed here changes nothing.
EVENT_FACTORS = {
    "aurora_invoice_release": 1.9,
    "aurora_autumn_storm": 6.0,
    "meridian_autumn_break": 1.25,
}


def type_factors(lane: Lane, day: date, reference: Reference) -> dict[str, float]:
    """How many times as often each contact type of a lane occurs on a local day; empty on a plain day."""
    factors: dict[str, float] = {}
    client = reference.queues[lane.queue].client
    for event in reference.events:
        factor = EVENT_FACTORS.get(event.slug)
        if (
            factor is not None
            and event.first_day <= day <= event.last_day
            and event.client in (None, client)
            and event.queue in (None, lane.queue)
        ):
            for slug, _ in lane.types:
                if event.contact_type in (None, slug):
                    factors[slug] = factors.get(slug, 1.0) * factor
    return factors


def lanes_of(reference: Reference) -> list[Lane]:
    """The lanes whose queues the seeds know."""
    return [lane for lane in LANES if lane.queue in reference.queues]
