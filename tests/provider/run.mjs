/**
 * Social login against `oidc-provider`, an OpenID provider that is not ours: a person signs up, comes back,
 * and is the same person, whatever algorithm the provider signs with; and a provider that lies is refused.
 */
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import { Browser } from './browser.mjs';
import { startBefriend } from '../program/befriend.mjs';
import { startProvider } from './provider.mjs';

const REDIRECT = 'http://127.0.0.1:9/back';
const STEPS_MAX = 25;

let befriend;
const providers = {};

before(async () => {
  // The providers of these tests run on this machine.
  befriend = await startBefriend({ BEFRIEND_EGRESS_ALLOWS_PRIVATE: 'true' });
  befriend.cli('brand', 'create', '--slug', 'acme', '--name', 'Acme');
  befriend.cli('application', 'create', '--brand', 'acme', '--name', 'Site', '--client', 'web', '--kind', 'browser',
    '--redirect-uri', REDIRECT);
  for (const algorithm of ['RS256', 'ES256', 'PS256', 'EdDSA']) {
    const slug = algorithm.toLowerCase();
    const callback = `${befriend.url}/login/callback/acme/${slug}`;
    providers[algorithm] = await startProvider({ callback, algorithm });
    connect(slug, providers[algorithm].issuer);
  }
});

after(async () => {
  await befriend?.stop();
  for (const provider of Object.values(providers)) await provider.stop();
});

function connect(slug, issuer) {
  befriend.cli('connection', 'create', '--brand', 'acme', '--provider', 'oidc', '--slug', slug, '--label', slug,
    '--client-id', 'befriend', '--client-secret', 'a-secret-of-the-test-that-is-long-enough', '--issuer', issuer);
}

/** Signs in through a connection as `login`; gives what the site learns. */
async function signIn(browser, connection, login) {
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(8).toString('hex');
  const nonce = randomBytes(8).toString('hex');
  const request = new URLSearchParams({
    response_type: 'code', client_id: 'acme.web', redirect_uri: REDIRECT, scope: 'openid profile email', state, nonce,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256',
    provider: connection, prompt: 'login',
  });
  let page = await browser.get(`${befriend.url}/oauth/authorize?${request}`);
  let asked = false;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    if (page.url.startsWith(REDIRECT)) {
      const back = new URL(page.url).searchParams;
      assert.equal(back.get('state'), state);
      assert.equal(back.get('iss'), befriend.url);
      const person = await redeem(back.get('code'), verifier);
      return { ...person, asked };
    }
    if (page.url.startsWith(`${befriend.url}/link`)) return { refused: page };
    if (page.text.includes('name="login"')) {
      page = await browser.submit(page, { login, password: 'anything' });
    } else if (page.url.startsWith(`${befriend.url}/consent`)) {
      asked = true;
      page = await browser.submit(page, {}, /create|agree|yes/i);
    } else if (/<form/.test(page.text) && !page.url.startsWith(befriend.url)) {
      page = await browser.submit(page, {});
    } else {
      return { refused: page };
    }
  }
  throw new Error(`no end in sight at ${page.url}`);
}

async function redeem(code, verifier) {
  const body = new URLSearchParams({
    grant_type: 'authorization_code', code, redirect_uri: REDIRECT, client_id: 'acme.web', code_verifier: verifier,
  });
  const answer = await fetch(`${befriend.url}/oauth/token`, { method: 'POST', body });
  const tokens = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(tokens));
  const userinfo = await fetch(`${befriend.url}/oauth/userinfo`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  return userinfo.json();
}

for (const algorithm of ['RS256', 'ES256', 'PS256', 'EdDSA']) {
  test(`a person signs up through a provider that signs with ${algorithm}, and is known again`, async () => {
    const connection = algorithm.toLowerCase();

    const first = await signIn(new Browser(), connection, 'alice');
    const again = await signIn(new Browser(), connection, 'alice');
    const other = await signIn(new Browser(), connection, 'bob');

    assert.equal(first.refused, undefined, first.refused?.text);
    assert.match(first.sub, /^prf_[0-9a-f]{32}$/);
    assert.equal(first.email, `alice@${algorithm.toLowerCase()}.example`);
    assert.equal(first.email_verified, true);
    assert.equal(first.asked, true, 'a newcomer is asked before a profile exists');
    assert.equal(again.sub, first.sub);
    assert.equal(again.asked, false, 'and only then');
    assert.notEqual(other.sub, first.sub);
  });
}

test('the same address at another provider is another person until they prove both', async () => {
  const provider = await startProvider({
    callback: `${befriend.url}/login/callback/acme/twin`, algorithm: 'RS256', domain: 'rs256.example',
  });
  try {
    connect('twin', provider.issuer);
    const known = await signIn(new Browser(), 'rs256', 'alice');

    const twin = await signIn(new Browser(), 'twin', 'alice');

    assert.match(known.sub, /^prf_/);
    // With linking by address off (the default) the person is asked, and nothing is joined meanwhile.
    assert.ok(twin.refused, 'somebody was signed in unasked');
    assert.match(twin.refused.url, /\/link\?/);
    const goesOn = await new Browser().get(`${befriend.url}/me?brand=acme`);
    assert.doesNotMatch(goesOn.text, /alice/);
  } finally {
    await provider.stop();
  }
});

test('a provider whose discovery names another issuer is refused', async () => {
  const liar = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ issuer: 'https://accounts.google.com' }));
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => liar.once('listening', ready));
  try {
    connect('liar', `http://127.0.0.1:${liar.address().port}`);

    const { refused } = await signIn(new Browser(), 'liar', 'alice');

    assert.ok(refused, 'it went through');
    assert.ok(refused.status >= 400 && refused.status < 600, `status ${refused.status}`);
    assert.notEqual(refused.status, 500);
    assert.doesNotMatch(refused.text, /going on to/i);
  } finally {
    liar.close();
  }
});
