"""Encryption of sensitive fields, and envelopes that only a private key opens.

* ``EncryptedTextField``: AES-256-GCM under ``settings.FIELD_KEY`` (32 bytes, base64; kept outside the database), with
  the column's name as associated data, so that a ciphertext cannot be moved to another column. ``blind_index`` gives
  a keyed digest for look-ups and unique constraints.
* ``seal_to`` / ``open_sealed``: HPKE-style envelope: X25519 key agreement with an ephemeral key, HKDF-SHA256 and
  AES-256-GCM (RFC 7748, RFC 5869, NIST SP 800-38D). The context is bound as associated data.
* ``derive_holder_key``: a key pair from a key-holder's passphrase by scrypt (RFC 7914); the private half is kept nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django import forms
from django.conf import settings
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import models

_NONCE = 12
_VERSION = b"\x01"


class CannotOpen(Exception):
    """The key, the context or the bytes are not those that were sealed."""


@lru_cache(maxsize=4)
def _subkey(master: str, purpose: bytes) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(master)
    except ValueError as error:
        raise ImproperlyConfigured("FIELD_KEY must be 32 bytes in URL-safe base64") from error
    if len(raw) != 32:
        raise ImproperlyConfigured("FIELD_KEY must be 32 bytes in URL-safe base64")
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(raw)


def encrypt_field(text: str, context: str) -> bytes:
    nonce = os.urandom(_NONCE)
    key = _subkey(settings.FIELD_KEY, b"field encryption")
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, text.encode(), context.encode())


def decrypt_field(blob: bytes, context: str) -> str:
    key = _subkey(settings.FIELD_KEY, b"field encryption")
    try:
        return AESGCM(key).decrypt(blob[1 : 1 + _NONCE], blob[1 + _NONCE :], context.encode()).decode()
    except InvalidTag as error:
        raise CannotOpen(f"{context}: wrong FIELD_KEY or altered bytes") from error


def blind_index(text: str, purpose: str) -> str:
    """A keyed digest: equal texts give equal digests, and without the key a digest tells nothing."""
    key = _subkey(settings.FIELD_KEY, b"blind index")
    return hmac.new(key, f"{purpose}\x00{text}".encode(), hashlib.sha256).hexdigest()


class EncryptedTextField(models.Field):  # type: ignore[type-arg]
    """Text that is encrypted in the database and plain in Python. It cannot be filtered on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        super().__init__(*args, **kwargs)

    def get_internal_type(self) -> str:
        return "BinaryField"

    def _context(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        blob = encrypt_field(str(value), self._context()) if value else b""
        return connection.Database.Binary(blob)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        if value is None:
            return None
        blob = bytes(value)
        return decrypt_field(blob, self._context()) if blob else ""

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: look it up by a blind index")
        return super().get_lookup(lookup_name)

    def formfield(self, form_class: Any = None, choices_form_class: Any = None, **kwargs: Any) -> Any:
        return super().formfield(form_class=forms.CharField, **kwargs)


def new_key_pair() -> tuple[bytes, bytes]:
    """(private, public), 32 raw bytes each."""
    private = X25519PrivateKey.generate()
    return _raw_private(private), _raw_public(private.public_key())


#: The cost N of scrypt for a key-holder's passphrase (RFC 7914): about 32 MB and a tenth of a second.
HOLDER_KEY_COST = 2**15


def derive_holder_key(passphrase: str, salt: bytes) -> tuple[bytes, bytes]:
    """(private, public) from a passphrase: scrypt N=2^15, r=8, p=1 (RFC 7914)."""
    seed = Scrypt(salt=salt, length=32, n=HOLDER_KEY_COST, r=8, p=1).derive(passphrase.encode())
    private = X25519PrivateKey.from_private_bytes(seed)
    return _raw_private(private), _raw_public(private.public_key())


def seal_to(public: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Seal ``plaintext`` so that only the private key of ``public`` opens it, and only in the same ``context``."""
    ephemeral = X25519PrivateKey.generate()
    sender = _raw_public(ephemeral.public_key())
    key = _agree(ephemeral.exchange(X25519PublicKey.from_public_bytes(public)), sender, public)
    nonce = os.urandom(_NONCE)
    return _VERSION + sender + nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def open_sealed(private: bytes, sealed: bytes, context: bytes) -> bytes:
    """Open what ``seal_to`` made.

    Raises:
        CannotOpen: wrong key, other context, or a changed byte.
    """
    own = X25519PrivateKey.from_private_bytes(private)
    sender, nonce, body = sealed[1:33], sealed[33:45], sealed[45:]
    try:
        key = _agree(own.exchange(X25519PublicKey.from_public_bytes(sender)), sender, _raw_public(own.public_key()))
        return AESGCM(key).decrypt(nonce, body, context)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("wrong key, other context, or altered bytes") from error


def _agree(shared: bytes, sender: bytes, recipient: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"sealed bid v1" + sender + recipient).derive(
        shared
    )


def _raw_private(key: X25519PrivateKey) -> bytes:
    return key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())


def _raw_public(key: X25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
