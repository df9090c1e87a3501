/** The customer's side: the sample shop, the element in it, and Befriend's hosted pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agree, inspect, passTestProvider, sayWho, visit } from './browser.mjs';

const STAGE = /Your stage here: (stranger|acquaintance|friend|advocate)/;

export function shopTests(world) {
  const enter = (options) => visit(world.browser, [world.demo.issuer, world.demo.shop], options);
  const door = (page) => page.locator('befriend-sign-in').first();
  const inHeader = (page, name) => page.getByRole('banner').getByRole('button', { name });

  /** From the header's one button through the hosted page and the test provider, back to the shop. */
  async function signIn(page, person) {
    await inHeader(page, 'Sign in').click();
    await page.getByRole('button', { name: /Test provider/i }).click();
    await passTestProvider(page, { ...person, arrived: inHeader(page, 'Sign out') });
  }

  test('a customer signs in on the shop, orders, and sees their stage there', async () => {
    const { context, page, faults } = await enter();
    await page.goto(`${world.demo.shop}/product.html?id=tart`);
    await page.getByRole('button', { name: 'Add to basket' }).click();

    await signIn(page, { name: 'Ada Loafwright', email: 'ada@example.test' });
    await page.getByText('Hello, Ada').first().waitFor();
    assert.match(page.url(), /product\.html\?id=tart$/, 'the customer is back where they were, with a clean address');
    assert.equal(await door(page).evaluate((element) => element.state), 'signed-in');

    await page.goto(`${world.demo.shop}/#basket`);
    await page.getByRole('button', { name: 'Place order' }).click();
    await page.waitForURL(/thanks\.html/);
    await page.getByText(STAGE).waitFor();
    await inspect(page, 'shop-thanks');
    assert.doesNotMatch(await page.getByRole('main').innerText(), /\[object|undefined|NaN/);

    await page.getByRole('main').getByRole('button', { name: 'Something wrong with your order?' }).click();
    await page.getByLabel('What went wrong').fill('The tart arrived upside down.');
    await page.getByRole('button', { name: 'Send it to us' }).click();
    await page.getByText('Thank you for telling us.').waitFor();
    await page.getByRole('listitem').filter({ hasText: 'Dispute Opened' }).waitFor();

    assert.deepEqual(faults, []);
    await context.close();
  });

  test('signing out leaves no token and no id behind', async () => {
    const { context, page, faults } = await enter();
    await page.goto(`${world.demo.shop}/`);
    await signIn(page, { name: 'Bo Crust', email: 'bo@example.test' });
    assert.match(await page.evaluate(() => JSON.stringify(sessionStorage)), /id_token/);

    await inHeader(page, 'Sign out').click();
    await page.goto(`${world.demo.shop}/`);
    await inHeader(page, 'Sign in').waitFor();
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
    assert.doesNotMatch(kept, /id_token|access_token|befriend\.anon|befriend\.flow/);

    assert.deepEqual(faults, []);
    await context.close();
  });

  test('a provider named in the element is gone to directly, and refusing comes back as a cancel', async () => {
    const { context, page, faults } = await enter();
    await page.goto(`${world.demo.shop}/`);
    await page.getByRole('main').getByRole('button', { name: 'Continue with Test provider' }).click();
    await page.getByRole('button', { name: /Refuse/ }).waitFor();
    await inspect(page, 'test-provider');
    await context.addInitScript(() => addEventListener('befriend-cancel', () => { globalThis.cancelled = true; }));

    await page.getByRole('button', { name: /Refuse/ }).click();
    await page.waitForURL(`${world.demo.shop}/`);
    await page.waitForFunction(() => globalThis.cancelled);
    assert.equal(await door(page).evaluate((element) => element.state), 'idle');

    assert.deepEqual(faults, []);
    await context.close();
  });

  test('an answer that this tab did not ask for is left alone', async () => {
    const { context, page, faults } = await enter();
    const ready = page.waitForResponse(/\/v1\/embed\/config/);
    await page.goto(`${world.demo.shop}/?code=forged&state=forged&iss=${encodeURIComponent(world.demo.issuer)}`);
    await ready;
    await inHeader(page, 'Sign in').waitFor();
    assert.match(page.url(), /code=forged/);
    assert.equal(await door(page).evaluate((element) => element.customer), null);

    assert.deepEqual(faults, []);
    await context.close();
  });

  /** Starts a sign-in and stops at the hosted page; resolves to the state it left with. */
  async function startAt(page) {
    await page.goto(`${world.demo.shop}/`);
    const leaving = page.waitForRequest(/\/oauth\/authorize\?/);
    await inHeader(page, 'Sign in').click();
    return new URL((await leaving).url()).searchParams.get('state');
  }

  /** Resolves to the code of the problem that the element reports on the page `open` leads to. */
  async function problemAfter(page, open) {
    await page.addInitScript(() => addEventListener('befriend-error', (event) => { globalThis.problem = event.detail.problem; }));
    await open();
    await page.waitForFunction(() => globalThis.problem);
    assert.equal(await door(page).evaluate((element) => element.customer), null);
    assert.doesNotMatch(await page.evaluate(() => JSON.stringify(sessionStorage)), /id_token/);
    return page.evaluate(() => globalThis.problem.code);
  }

  test('an answer by another issuer is refused before its code is used', async () => {
    const { context, page } = await enter();
    let asked = false;
    await context.route('**/oauth/token', (route) => { asked = true; return route.abort(); });
    const state = await startAt(page);
    const answer = new URLSearchParams({ code: 'stolen', state, iss: 'https://other.example' });

    const code = await problemAfter(page, () => page.goto(`${world.demo.shop}/?${answer}`));

    assert.equal(code, 'issuer_mismatch');
    assert.equal(asked, false);
    assert.equal(page.url(), `${world.demo.shop}/`, 'code and state are gone from the address');
    await context.close();
  });

  for (const [claim, value] of [['nonce', 'replayed'], ['aud', 'another-client'], ['iss', 'https://other.example'], ['sub', 'prf_other'], ['exp', 1]]) {
    test(`an ID token with a wrong ${claim} is refused`, async () => {
      const { context, page } = await enter();
      await context.route('**/oauth/token', async (route) => {
        const response = await route.fetch();
        const body = await response.json();
        const [head, claims, signature] = body.id_token.split('.');
        const changed = { ...JSON.parse(Buffer.from(claims, 'base64url')), [claim]: value };
        body.id_token = [head, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
        await route.fulfill({ response, json: body });
      });
      await startAt(page);
      await page.getByRole('button', { name: /Test provider/i }).click();

      const code = await problemAfter(page, () =>
        passTestProvider(page, { name: 'Eve Rye', email: `eve-${claim}@example.test`, arrived: inHeader(page, 'Sign in') }));

      assert.equal(code, 'id_token_invalid');
      await context.close();
    });
  }

  test('a return address that is not this site’s is refused before anybody leaves', async () => {
    const { context, page, faults } = await enter();
    await page.goto(`${world.demo.shop}/`);
    await inHeader(page, 'Sign in').waitFor();
    const hostile = [
      '//evil.example', '/\\evil.example', '/\\\t//evil.example', 'https:evil', 'https://127.0.0.1@evil.example', 'javascript:alert(1)',
      'data:text/html,x', `blob:${world.demo.shop}/x`, '\thttps://evil.example', 'file:///etc/passwd', world.demo.issuer,
    ];
    for (const target of hostile) {
      const code = await door(page).evaluate(async (element, back) => {
        element.setAttribute('return-to', back);
        const reported = new Promise((tell) => element.addEventListener('befriend-error', (event) => tell(event.detail.problem.code), { once: true }));
        await element.signIn();
        return reported;
      }, target);
      assert.equal(code, 'url_not_ours', target);
    }
    assert.equal(page.url(), `${world.demo.shop}/`);
    assert.deepEqual(faults, []);
    await context.close();
  });

  test('without JavaScript the inner link leads to the hosted page and on to one’s own page', async () => {
    const { context, page, faults } = await enter({ javaScriptEnabled: false });
    await page.goto(`${world.demo.shop}/`);
    await page.getByRole('banner').getByRole('link', { name: 'Sign in' }).click();
    assert.equal(new URL(page.url()).origin, world.demo.issuer);
    await page.getByRole('button', { name: /Test provider/i }).click();
    await sayWho(page, { name: 'Cy Nojs', email: 'cy@example.test' });
    const mine = page.getByRole('heading', { level: 1, name: 'Cy Nojs' });
    await agree(page, mine);
    assert.equal(new URL(page.url()).pathname.split('/').pop(), 'me');

    assert.deepEqual(faults, []);
    await context.close();
  });

  test('the pages a customer sees pass axe, light and dark, wide and narrow', async (t) => {
    const { context, page, faults } = await enter();
    await t.test('shelf', async () => {
      await page.goto(`${world.demo.shop}/`);
      await page.getByRole('button', { name: 'Continue with Test provider' }).waitFor();
      await inspect(page, 'shop-shelf');
    });
    await t.test('product', async () => {
      await page.goto(`${world.demo.shop}/product.html?id=cake`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await inspect(page, 'shop-product');
    });
    await t.test('hosted sign-in', async () => {
      await inHeader(page, 'Sign in').click();
      await page.getByRole('button', { name: /Test provider/i }).waitFor();
      await inspect(page, 'login');
    });
    await t.test('consent, then one’s own page', async () => {
      await page.getByRole('button', { name: /Test provider/i }).click();
      await sayWho(page, { name: 'Dee Crumb', email: 'dee@example.test' });
      await page.getByRole('button', { name: 'Yes, create my profile' }).waitFor();
      await inspect(page, 'consent');
      await agree(page, inHeader(page, 'Sign out'));
      await door(page).evaluate((element) => element.openPreferences());
      await page.getByRole('heading', { level: 1, name: 'Dee Crumb' }).waitFor();
      await inspect(page, 'me');
    });
    assert.deepEqual(faults, []);
    await context.close();
  });
}
