/** Passkeys and the authenticator app, with Chromium's virtual authenticator. Passkeys need a name, so the server is `localhost`. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { inspect, visit } from './browser.mjs';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** What an authenticator app shows (RFC 6238). */
function codeOf(key, at = Date.now()) {
  const bits = [...key].map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const mac = createHmac('sha1', secret).update(step).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

export function passkeyTests(world) {
  const enter = async (authenticator = {}) => {
    const visitor = await visit(world.browser, [world.local.issuer]);
    const devtools = await visitor.context.newCDPSession(visitor.page);
    await devtools.send('WebAuthn.enable', { enableUI: false });
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true,
        isUserVerified: true, automaticPresenceSimulation: true, ...authenticator,
      },
    });
    const credentials = async () => (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
    return { ...visitor, devtools, authenticatorId, credentials };
  };
  const at = (path) => `${world.local.issuer}${path}`;
  const login = () => at(`/login?brand=${world.local.brand}`);
  const me = new RegExp('/me\\?brand=');

  async function signUp(page, name) {
    await page.goto(login());
    await page.getByRole('link', { name: 'Create an account with a passkey' }).click();
    await page.getByLabel('Your name').fill(name);
    await page.getByRole('button', { name: 'Agree, and make a passkey' }).click();
    await page.waitForURL(me);
  }

  /** Without anybody present until the button is pressed, so that what the browser fills in does not answer first. */
  async function signInByButton({ page, devtools, authenticatorId }) {
    const present = (enabled) => devtools.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled });
    await present(false);
    await page.goto(login());
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await present(true);
  }

  async function signOut(page) {
    await page.goto(at(`/me?brand=${world.local.brand}`));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.context().clearCookies();
  }

  test('an account by a passkey alone: sign up, sign in, name it, and it stays', async () => {
    const visitor = await enter();
    const { context, page, faults, credentials } = visitor;
    await signUp(page, 'Pia Pass');
    await page.getByRole('heading', { name: 'Pia Pass' }).waitFor();
    const [made] = await credentials();
    assert.equal(made.isResidentCredential, true);
    assert.equal(made.rpId, 'localhost');
    assert.doesNotMatch(Buffer.from(made.userHandle, 'base64').toString('latin1'), /Pia|prf_/);

    await signOut(page);
    await signInByButton(visitor);
    await page.waitForURL(me);
    await page.getByRole('heading', { name: 'Pia Pass' }).waitFor();

    // Conditional mediation: the virtual authenticator picks what the browser offers to fill in.
    await signOut(page);
    await page.goto(login());
    await page.waitForURL(me);

    await page.goto(at(`/me/security?brand=${world.local.brand}`));
    await page.getByText('Your only way in').waitFor();
    await page.getByText('Rename').click();
    await page.getByLabel('New name').fill('Kitchen tablet');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Kitchen tablet').first().waitFor();
    await inspect(page, 'security');

    assert.deepEqual(faults, []);
    await context.close();
  });

  test('a second passkey is added on another device, and the first removed', async () => {
    const visitor = await enter();
    const { context, page, faults, devtools, authenticatorId, credentials } = visitor;
    await signUp(page, 'Tom Two');
    await page.goto(at(`/me/security/passkeys/new?brand=${world.local.brand}`));
    await inspect(page, 'passkey-new');
    // The same device has one already, and says so.
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByText('This device has a passkey of yours already.').waitFor();

    const [first] = await credentials();
    await devtools.send('WebAuthn.clearCredentials', { authenticatorId });
    await page.getByLabel('A name to know it by').fill('Second device');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByText('The passkey was added.').waitFor();
    const [second] = await credentials();
    assert.notEqual(second.credentialId, first.credentialId);
    assert.equal(second.userHandle, first.userHandle);

    const row = page.getByRole('listitem').filter({ hasNotText: 'Second device' }).filter({ hasText: 'Added' });
    await row.getByRole('button', { name: /^Remove/ }).click();
    await page.getByText('The passkey was removed.').waitFor();
    await signOut(page);
    await signInByButton(visitor);
    await page.waitForURL(me);

    // What was removed signs nobody in, though the device still has it.
    await signOut(page);
    await devtools.send('WebAuthn.clearCredentials', { authenticatorId });
    await devtools.send('WebAuthn.addCredential', { authenticatorId, credential: first });
    await signInByButton(visitor);
    await page.getByText('That passkey was not taken.').waitFor();

    assert.deepEqual(faults, []);
    await context.close();
  });

  test('an authenticator that does not know its owner makes no account', async () => {
    const { context, page, credentials } = await enter({ isUserVerified: false });
    await page.goto(login());
    await page.getByRole('link', { name: 'Create an account with a passkey' }).click();
    await page.getByLabel('Your name').fill('Nobody');
    await page.getByRole('button', { name: 'Agree, and make a passkey' }).click();
    await page.getByText('No passkey was made and nothing is stored.').waitFor();
    assert.deepEqual(await credentials(), []);
    await context.close();
  });

  test('an authenticator app is set up by its key and asked for at the next sign-in', async () => {
    const { context, page, faults } = await enter();
    const way = async () => {
      await page.goto(login());
      await page.getByRole('button', { name: /Test provider/i }).click();
      await page.getByLabel('Name', { exact: true }).fill('Ott Otp');
      await page.getByLabel('Email address').fill('ott@example.test');
      await page.getByRole('button', { name: 'Sign in as this person' }).click();
    };
    await way();
    const yes = page.getByRole('button', { name: 'Yes, create my profile' });
    const home = page.getByRole('heading', { name: 'Ott Otp' });
    await yes.or(home).first().waitFor();
    if (await yes.isVisible()) await yes.click();
    await home.waitFor();

    await page.goto(at(`/me/security/app?brand=${world.local.brand}`));
    await inspect(page, 'app-new');
    const key = (await page.getByRole('group', { name: 'Key' }).innerText()).trim();
    const used = codeOf(key);
    await page.getByLabel('Code').fill(used);
    await page.getByRole('button', { name: 'Turn on' }).click();
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor();
    const codes = (await page.getByRole('group', { name: 'Recovery codes' }).innerText()).trim().split('\n');
    assert.equal(codes.length, 10);

    await signOut(page);
    await way();
    await page.getByRole('heading', { name: 'One more step' }).waitFor();
    await inspect(page, 'second-factor');
    // The code that set it up is used.
    await page.getByLabel('Code').fill(used);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('That code is not right, or was used before.').waitFor();
    // The next one is taken early: clocks may be half a minute off.
    await page.getByLabel('Code').fill(codeOf(key, Date.now() + 30_000));
    await page.getByLabel('Do not ask in this browser for 30 days').check();
    await page.getByRole('button', { name: 'Go on' }).click();
    await home.waitFor();

    assert.deepEqual(faults, []);
    await context.close();
  });
}
