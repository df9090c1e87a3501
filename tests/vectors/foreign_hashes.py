"""Writes foreign_hashes.ndjson: hashes of known passwords, each made by an implementation that shares
nothing with Befriend: Python's hashlib and crypt (glibc), and from PyPI bcrypt, passlib, argon2-cffi,
Django, Werkzeug and cryptography. Needs Python 3.11 or 3.12, the last with `crypt`.

    pip install bcrypt passlib argon2-cffi django werkzeug cryptography
    python tests/vectors/foreign_hashes.py > tests/vectors/foreign_hashes.ndjson

Salts are fixed where the implementation lets them be, so that running it again changes little.
"""

import base64
import hashlib
import hmac
import json
import os
import struct
import warnings

warnings.filterwarnings("ignore")

import argon2
import bcrypt
import crypt
import django
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from django.conf import settings
from passlib.hash import (
    apr_md5_crypt, hex_md5, ldap_salted_sha1, ldap_salted_sha256, ldap_salted_sha512,
    ldap_salted_md5, pbkdf2_sha1, pbkdf2_sha256, pbkdf2_sha512, phpass, scrypt as passlib_scrypt,
)
from werkzeug.security import generate_password_hash

settings.configure()
django.setup()
from django.contrib.auth import hashers  # noqa: E402

PASSWORD = "Grüne Äpfel, 7 Stück"
SALT = bytes(range(3, 19))
raw = PASSWORD.encode()
b64 = lambda data: base64.b64encode(data).decode()  # noqa: E731


def vector(name, text, made_by, **more):
    print(json.dumps({"name": name, "hash": text, "password": PASSWORD, "made_by": made_by, **more},
                     ensure_ascii=False))


for prefix in (b"2a", b"2b"):
    salt = bcrypt.gensalt(5, prefix=prefix)
    vector(f"bcrypt {prefix.decode()}", bcrypt.hashpw(raw, salt).decode(), "bcrypt")
whole = b"a" * 72
vector("bcrypt of 72 bytes", bcrypt.hashpw(whole, bcrypt.gensalt(5)).decode(), "bcrypt",
       password=whole.decode())
made = bcrypt.hashpw(raw, bcrypt.gensalt(5)).decode()
vector("bcrypt 2y", made.replace("$2b$", "$2y$"), "bcrypt, as PHP names it")
vector("bcrypt, Auth0", made, "bcrypt", format="auth0")
vector("Django bcrypt", hashers.BCryptPasswordHasher().encode(PASSWORD, bcrypt.gensalt(5)), "Django")
vector("Django bcrypt_sha256",
       hashers.BCryptSHA256PasswordHasher().encode(PASSWORD, bcrypt.gensalt(5)), "Django")
inner = base64.b64encode(hmac.new(b"wp-sha384", raw, hashlib.sha384).digest())
vector("WordPress 6.8", "$wp" + bcrypt.hashpw(inner, bcrypt.gensalt(5)).decode().replace("$2b$", "$2y$"),
       "hmac and bcrypt, as wp_hash_password composes them")

vector("MD5-crypt", crypt.crypt(PASSWORD, "$1$pfeffer1"), "glibc crypt")
vector("Apache MD5-crypt", apr_md5_crypt.using(salt="pfeffer1").hash(PASSWORD), "passlib")
vector("SHA-256-crypt", crypt.crypt(PASSWORD, "$5$einSalzAusBuch$"), "glibc crypt")
vector("SHA-256-crypt with rounds", crypt.crypt(PASSWORD, "$5$rounds=1234$einSalzAusBuch$"), "glibc crypt")
vector("SHA-512-crypt", crypt.crypt(PASSWORD, "$6$einSalzAusBuch$"), "glibc crypt")
vector("SHA-512-crypt with rounds", crypt.crypt(PASSWORD, "$6$rounds=2345$kurz$"), "glibc crypt")
vector("LDAP CRYPT", "{CRYPT}" + crypt.crypt(PASSWORD, "$6$rounds=1000$kurz$"), "glibc crypt")

vector("phpass P", phpass.using(salt="saltsalt", rounds=8).hash(PASSWORD), "passlib")
vector("phpass H", phpass.using(salt="saltsalt", rounds=8, ident="$H$").hash(PASSWORD), "passlib")


def drupal(password, salt, log2):
    letters = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    state = hashlib.sha512(salt.encode() + password).digest()
    for _ in range(1 << log2):
        state = hashlib.sha512(state + password).digest()
    number, out = int.from_bytes(state, "little"), ""
    # 64 bytes are 21 groups of 24 bits and one byte; within a group the lowest bits come first.
    for _ in range(86):
        out += letters[number & 63]
        number >>= 6
    return f"$S${letters[log2]}{salt}{out}"[:55]


vector("Drupal 7", drupal(raw, "saltsalt", 8), "hashlib")

vector("PBKDF2-SHA-1, passlib", pbkdf2_sha1.using(salt=SALT, rounds=1500).hash(PASSWORD), "passlib")
vector("PBKDF2-SHA-256, passlib", pbkdf2_sha256.using(salt=SALT, rounds=1500).hash(PASSWORD), "passlib")
vector("PBKDF2-SHA-512, passlib", pbkdf2_sha512.using(salt=SALT, rounds=1500).hash(PASSWORD), "passlib")
made = hashlib.pbkdf2_hmac("sha256", raw, SALT, 1600, 32)
vector("PBKDF2, PHC", f"$pbkdf2-sha256$i=1600,l=32${b64(SALT).rstrip('=')}${b64(made).rstrip('=')}", "hashlib")
vector("PBKDF2-SHA-256, Django", hashers.PBKDF2PasswordHasher().encode(PASSWORD, "saltsalt", 1500), "Django")
vector("PBKDF2-SHA-1, Django", hashers.PBKDF2SHA1PasswordHasher().encode(PASSWORD, "saltsalt", 1500), "Django")
vector("PBKDF2, Werkzeug", generate_password_hash(PASSWORD, "pbkdf2:sha512:1500"), "Werkzeug")
made = hashlib.pbkdf2_hmac("sha1", raw, SALT, 1000, 32)
vector("ASP.NET Identity 2", b64(b"\0" + SALT + made), "hashlib", format="aspnet-identity")
for prf, name in enumerate(("sha1", "sha256", "sha512")):
    made = hashlib.pbkdf2_hmac(name, raw, SALT, 1700, 32)
    head = b"\1" + struct.pack(">III", prf, 1700, len(SALT))
    vector(f"ASP.NET Identity 3, {name}", b64(head + SALT + made), "hashlib", format="aspnet-identity")
made = hashlib.pbkdf2_hmac("sha512", raw, SALT, 1800, 64)
vector("Keycloak PBKDF2", json.dumps({
    "type": "password",
    "credentialData": json.dumps({"hashIterations": 1800, "algorithm": "pbkdf2-sha512",
                                  "additionalParameters": {}}),
    "secretData": json.dumps({"value": b64(made), "salt": b64(SALT)}),
}), "hashlib")
made = argon2.low_level.hash_secret_raw(raw, SALT, 5, 256, 1, 32, argon2.Type.ID)
vector("Keycloak argon2", json.dumps({
    "credentialData": {"hashIterations": 5, "algorithm": "argon2", "additionalParameters": {
        "hashLength": ["32"], "memory": ["256"], "type": ["id"], "version": ["1.3"],
        "parallelism": ["1"]}},
    "secretData": {"value": b64(made), "salt": b64(SALT), "additionalParameters": {}},
}), "argon2-cffi")

vector("scrypt, passlib", passlib_scrypt.using(salt=SALT, rounds=6).hash(PASSWORD), "passlib")
vector("scrypt, Werkzeug", generate_password_hash(PASSWORD, "scrypt:16384:8:1"), "Werkzeug")
vector("scrypt, Django", hashers.ScryptPasswordHasher().encode(PASSWORD, "saltsalt", n=64, r=8, p=2), "Django")

signer_key, separator = bytes(range(64)), b"\7"
key = hashlib.scrypt(raw, salt=SALT[:10] + separator, n=64, r=8, p=1, dklen=32)
aes = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
vector("Firebase", b64(aes.update(signer_key) + aes.finalize()), "hashlib and cryptography",
       format="firebase", salt=b64(SALT[:10]),
       firebase={"signer_key": b64(signer_key), "salt_separator": b64(separator), "rounds": 8,
                 "memory_cost": 6})

for kind, name in ((argon2.Type.I, "i"), (argon2.Type.D, "d"), (argon2.Type.ID, "id")):
    made = argon2.low_level.hash_secret(raw, SALT, 3, 128, 2, 24, kind).decode()
    vector(f"argon2{name}", made, "argon2-cffi")
made = argon2.low_level.hash_secret(raw, SALT, 2, 64, 1, 32, argon2.Type.I, version=16).decode()
vector("argon2i, version 1.0", made, "argon2-cffi")
hasher = hashers.Argon2PasswordHasher()
hasher.memory_cost, hasher.parallelism = 64, 1
vector("argon2, Django", hasher.encode(PASSWORD, "saltsalt"), "Django")

for hasher in (ldap_salted_md5, ldap_salted_sha1, ldap_salted_sha256, ldap_salted_sha512):
    vector(hasher.ident, hasher.using(salt=SALT[:8]).hash(PASSWORD), "passlib")
vector("{SHA}", "{SHA}" + b64(hashlib.sha1(raw).digest()), "hashlib")
vector("Django's salted MD5", hashers.MD5PasswordHasher().encode(PASSWORD, "saltsalt"), "Django")

for name in ("md5", "sha1", "sha256", "sha512"):
    digest = lambda data, name=name: hashlib.new(name, data)  # noqa: E731
    vector(f"{name} of salt and password", digest(b"salz" + raw).hexdigest(), "hashlib",
           format=f"{name}:salt+password:hex", salt="salz")
    vector(f"{name} of password and salt", b64(digest(raw + b"salz").digest()), "hashlib",
           format=f"{name}:password+salt:base64", salt="salz")
vector("sha256 with a salt in hex", hashlib.sha256(SALT + raw).hexdigest(), "hashlib",
       format="sha256:hex(salt)+password:hex", salt=SALT.hex())
vector("sha1 with a salt in base64", hashlib.sha1(raw + SALT).hexdigest(), "hashlib",
       format="sha1:password+base64(salt):hex", salt=b64(SALT))
vector("md5 without a salt", hex_md5.hash(PASSWORD), "passlib", format="md5:password:hex")
