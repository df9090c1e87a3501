"""A server that signs people in by Authlib. Prints where to send the browser, reads where it came back to, and prints
what it learned. Arguments: issuer, client secret, redirect URI."""

import json
import sys

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet


def main(issuer, secret, redirect_uri):
    about = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=10).json()
    session = OAuth2Session(
        "acme.server",
        secret,
        scope="openid profile email offline_access",
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
    )
    verifier, nonce = generate_token(48), generate_token(16)
    url, state = session.create_authorization_url(
        about["authorization_endpoint"], code_verifier=verifier, nonce=nonce, provider="test"
    )
    print(json.dumps({"authorize": url}), flush=True)

    back = sys.stdin.readline().strip()
    tokens = session.fetch_token(
        about["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
    )
    keys = KeySet.import_key_set(requests.get(about["jwks_uri"], timeout=10).json())
    payload = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    claims = CodeIDToken(
        payload,
        {},
        options={"iss": {"value": issuer}, "aud": {"value": "acme.server"}},
        params={"nonce": nonce, "client_id": "acme.server", "max_age": 600},
    )
    claims.validate(leeway=5)
    userinfo = session.get(about["userinfo_endpoint"]).json()

    old = tokens["refresh_token"]
    renewed = session.refresh_token(about["token_endpoint"], refresh_token=old)
    access_token = renewed["access_token"]
    ask = {"token_type_hint": "access_token"}
    active = session.introspect_token(about["introspection_endpoint"], access_token, **ask).json()
    session.revoke_token(about["revocation_endpoint"], access_token, **ask)
    after = session.introspect_token(about["introspection_endpoint"], access_token, **ask).json()
    print(
        json.dumps(
            {
                "claims": dict(claims),
                "userinfo": userinfo,
                "renewed": renewed["refresh_token"] != old,
                "active": active["active"],
                "active_after": after["active"],
            }
        )
    )


main(*sys.argv[1:])
