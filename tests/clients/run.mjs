/**
 * OpenID Connect clients that are not ours against the running program, from discovery to signing out: `openid-client`
 * and Authlib as servers, `oidc-client-ts` in Chromium. They take what Befriend says by their own checks.
 */
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { chromium } from 'playwright-core';

import { startBefriend } from '../program/befriend.mjs';
import { Browser } from '../provider/browser.mjs';
import { preparePython } from './python.mjs';

const REDIRECT = 'http://127.0.0.1:9/back';
const STEPS_MAX = 20;
const STEP_LIMIT_MS = 15_000;
const LOGOUT_LIMIT_MS = 15_000;

let befriend;
let site;
let secret;
/** Logout tokens that came, and who waits for the next. */
const logouts = { came: [], waiting: [] };

before(async () => {
  befriend = await startBefriend({ BEFRIEND_EGRESS_ALLOWS_PRIVATE: 'true' });
  site = await openSite();
  befriend.cli('brand', 'create', '--slug', 'acme', '--name', 'Acme');
  const create = (client, kind, uri) => befriend.cli('application', 'create', '--brand', 'acme', '--name', client,
    '--client', client, '--kind', kind, '--redirect-uri', uri);
  secret = create('server', 'server', REDIRECT).client_secret;
  create('web', 'browser', `${site.url}/`);
  befriend.cli('application', 'set', '--brand', 'acme', '--client', 'server', '--stage', 'true',
    '--backchannel-logout-uri', `${site.url}/logged-out`);
});

after(async () => {
  await site?.stop();
  await befriend?.stop();
});

/** A brand's site: a page that runs `oidc-client-ts`, and an endpoint that hears of sign-outs. */
async function openSite() {
  const library = readFileSync(join(dirname(createRequire(import.meta.url).resolve('oidc-client-ts/package.json')),
    'dist/browser/oidc-client-ts.min.js'));
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://site');
    if (pathname === '/logged-out') {
      let body = '';
      request.on('data', (chunk) => { body += chunk; });
      request.on('end', () => {
        hear(new URLSearchParams(body).get('logout_token'));
        response.end();
      });
    } else if (pathname === '/client.js') {
      response.setHeader('content-type', 'text/javascript').end(library);
    } else {
      response.setHeader('content-type', 'text/html').end('<!doctype html><title>Site</title><script src="/client.js"></script>');
    }
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }),
  };
}

function hear(token) {
  const next = logouts.waiting.shift();
  if (next) next(token);
  else logouts.came.push(token);
}

/** The next logout token that comes, or came. */
function nextLogout() {
  if (logouts.came.length > 0) return logouts.came.shift();
  return new Promise((heard, missed) => {
    const timer = setTimeout(() => missed(new Error('nobody was told of the sign-out')), LOGOUT_LIMIT_MS);
    logouts.waiting.push((token) => { clearTimeout(timer); heard(token); });
  });
}

/** Goes where an application sends the browser, signs in as `name` on the way, and gives where it comes back to. */
async function walk(browser, url, name) {
  let page = await browser.get(url);
  for (let step = 0; step < STEPS_MAX && !page.url.startsWith(REDIRECT); step += 1) {
    if (page.text.includes('Somebody else')) {
      const fields = { name, email: `${name.toLowerCase()}@example.com`, email_verified: 'yes' };
      page = await browser.submit(page, fields, /Sign in as this person/);
    } else if (page.url.startsWith(`${befriend.url}/oauth/consent`)) {
      page = await browser.submit(page, {}, /it may learn/);
    } else if (page.url.startsWith(`${befriend.url}/consent`)) {
      page = await browser.submit(page, {}, /create/i);
    } else {
      throw new Error(`no way on from ${page.url} (${page.status}):\n${page.text}`);
    }
  }
  return page.url;
}

test('openid-client: pushed request, consent, tokens, renewal, introspection, revocation, sign-out, back channel', async () => {
  const options = { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] };
  const config = await client.discovery(new URL(befriend.url), 'acme.server', undefined,
    client.ClientSecretBasic(secret), options);
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const url = await client.buildAuthorizationUrlWithPAR(config, {
    redirect_uri: REDIRECT, scope: 'openid profile email stage offline_access', state: expectedState, nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier), code_challenge_method: 'S256',
    prompt: 'consent', provider: 'test', max_age: '600',
  });
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);

  const browser = new Browser();
  const back = await walk(browser, url.href, 'Ada');
  const tokens = await client.authorizationCodeGrant(config, new URL(back), {
    pkceCodeVerifier, expectedState, expectedNonce, maxAge: 600, idTokenExpected: true,
  });
  const claims = tokens.claims();
  assert.equal(claims.acr, 'urn:befriend:acr:1');
  assert.ok(['stranger', 'acquaintance'].includes(claims.stage), claims.stage);
  const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(person.email, 'ada@example.com');
  assert.equal(person.email_verified, true);
  assert.equal(person.name, 'Ada');
  // It may have moved since: signing up is an event.
  assert.ok(['stranger', 'acquaintance'].includes(person.stage), person.stage);

  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(renewed.refresh_token, tokens.refresh_token);
  assert.equal(renewed.claims().sub, claims.sub);
  const seen = await client.tokenIntrospection(config, renewed.access_token);
  assert.equal(seen.active, true);
  assert.equal(seen.client_id, 'acme.server');
  await client.tokenRevocation(config, renewed.refresh_token);
  await assert.rejects(client.refreshTokenGrant(config, renewed.refresh_token), { error: 'invalid_grant' });
  assert.equal((await client.tokenIntrospection(config, renewed.access_token)).active, false);

  const out = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token, post_logout_redirect_uri: REDIRECT, state: 'bye',
  });
  const { url: left } = await browser.get(out.href);
  assert.equal(left, `${REDIRECT}?state=bye`);
  const { payload } = await jwtVerify(await nextLogout(), createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri)), {
    issuer: befriend.url, audience: 'acme.server', typ: 'logout+jwt', algorithms: ['ES256'],
    requiredClaims: ['iat', 'exp', 'jti', 'events', 'sid', 'sub'],
  });
  assert.equal(payload.sub, claims.sub);
  assert.equal(payload.sid, claims.sid);
  assert.equal('nonce' in payload, false);
  assert.deepEqual(payload.events, { 'http://schemas.openid.net/event/backchannel-logout': {} });
  const told = befriend.cli('application', 'logouts', '--brand', 'acme', '--client', 'server');
  assert.equal(told.length, 1);
  assert.equal(told[0].session_id, claims.sid);
});

test('Authlib: code with PKCE, ID token by the published keys, userinfo, renewal, introspection, revocation', async () => {
  const script = spawn(preparePython(), [join(import.meta.dirname, 'authlib_client.py'), befriend.url, secret, REDIRECT], {
    env: { ...process.env, AUTHLIB_INSECURE_TRANSPORT: '1' }, stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((done) => script.once('exit', done));
  const lines = createInterface({ input: script.stdout })[Symbol.asyncIterator]();
  const read = async () => JSON.parse((await lines.next()).value);
  const { authorize } = await read();

  script.stdin.end(`${await walk(new Browser(), authorize, 'Grace')}\n`);
  const learned = await read();

  assert.equal(await ended, 0);
  assert.match(learned.claims.sub, /^prf_/);
  assert.equal(learned.userinfo.sub, learned.claims.sub);
  assert.equal(learned.userinfo.email, 'grace@example.com');
  assert.equal(learned.renewed, true);
  assert.deepEqual([learned.active, learned.active_after], [true, false]);
});

test('oidc-client-ts in Chromium: sign in, renew silently, sign out', async () => {
  const chrome = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
  });
  try {
    const page = await chrome.newPage();
    page.setDefaultTimeout(STEP_LIMIT_MS);
    const settings = {
      authority: befriend.url, client_id: 'acme.web', redirect_uri: `${site.url}/`,
      post_logout_redirect_uri: `${site.url}/`, scope: 'openid profile email offline_access', loadUserInfo: true,
      extraQueryParams: { provider: 'test' },
    };
    const run = (work) => page.evaluate(`(async () => {
      const manager = new oidc.UserManager({ ...${JSON.stringify(settings)},
        userStore: new oidc.WebStorageStateStore({ store: localStorage }) });
      return (${work})(manager);
    })()`);
    const isSite = (url) => url.origin === site.url;
    await page.goto(site.url);
    // Whoever leaves the page cannot be waited for on it.
    await run('(manager) => { setTimeout(() => manager.signinRedirect()); }');
    await page.getByLabel('Name').fill('Joan');
    await page.getByLabel('Email address').fill('joan@example.com');
    await page.getByRole('button', { name: 'Sign in as this person' }).click();
    await page.getByRole('button', { name: /create my profile/ }).click();
    await page.waitForURL(isSite);

    const user = await run('async (manager) => { const { profile, refresh_token } = await manager.signinRedirectCallback(); return { profile, refresh_token }; }');
    assert.match(user.profile.sub, /^prf_/);
    assert.equal(user.profile.email, 'joan@example.com');
    assert.ok(user.refresh_token);
    const renewed = await run('async (manager) => { const { profile, refresh_token } = await manager.signinSilent(); return { profile, refresh_token }; }');
    assert.equal(renewed.profile.sub, user.profile.sub);
    assert.notEqual(renewed.refresh_token, user.refresh_token);

    await run('(manager) => { setTimeout(() => manager.signoutRedirect({ state: "bye" })); }');
    await page.waitForURL((url) => isSite(url) && url.searchParams.has('state') && !url.searchParams.has('code'));
    await run('(manager) => manager.signoutRedirectCallback().then(() => null)');
    assert.equal(await run('(manager) => manager.getUser()'), null);
    await page.goto(`${befriend.url}/me?brand=acme`);
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor();
  } finally {
    await chrome.close();
  }
});
