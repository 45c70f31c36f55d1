"""Vitals: a contact-centre analytics warehouse. Raw platform exports in, tested vital signs out."""

__version__ = "0.1.0"
