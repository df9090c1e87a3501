/** The ways in: three providers, linking, windows of their own, no third-party cookies, and pages that mean harm. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { agree, inspect, launch, passTestProvider, visit } from './browser.mjs';
import { startProvider, startSite } from './fakes.mjs';

const BRAND = 'crumb';

export function doorTests(world) {
  describe('ways in', () => {
    const fakes = {};
    let origins;

    /** The element with these attributes, in a page. */
    const element = (attributes) =>
      `<script type="module" src="${world.demo.issuer}/embed.js"></script><befriend-sign-in client-id="${fakes.client}" ${attributes}><a href="${world.demo.issuer}/login?client_id=${fakes.client}">Sign in</a></befriend-sign-in>`;

    before(async () => {
      fakes.oidc = await startProvider({ sub: 'mill-1', name: 'Mia Mill', given_name: 'Mia', email: 'mia@example.test', email_verified: true });
      fakes.oauth2 = await startProvider({ sub: 'oven-1', id: 'oven-1', name: 'Olaf Oven', email: 'olaf@example.test', email_verified: true });
      const pages = {};
      fakes.site = await startSite(world.demo.issuer, pages, { 'cross-origin-opener-policy': 'same-origin' });
      fakes.plain = await startSite(world.demo.issuer, pages);
      fakes.evil = await startSite(world.demo.issuer, pages);
      const brands = await world.demo.command('brand', 'list');
      fakes.brand = (brands.brands ?? brands)[0].slug ?? BRAND;
      const uris = [fakes.site, fakes.plain].flatMap(({ origin }) => ['/', '/popup', '/other', '/done'].flatMap((path) => ['--redirect-uri', origin + path]));
      const made = await world.demo.command('application', 'create', '--brand', fakes.brand, '--name', 'Doors', '--client', 'doors', ...uris);
      fakes.client = made.client_id;
      const connection = (...args) => world.demo.command('connection', 'create', '--brand', fakes.brand, '--client-id', 'befriend', '--client-secret', 'not much of one', ...args);
      await connection('--provider', 'oidc', '--slug', 'mill', '--label', 'Mill ID', '--issuer', fakes.oidc.origin);
      await connection('--provider', 'oauth2', '--slug', 'oven', '--label', 'Oven', '--authorize-url', `${fakes.oauth2.origin}/authorize`, '--token-url', `${fakes.oauth2.origin}/token`, '--userinfo-url', `${fakes.oauth2.origin}/userinfo`);
      Object.assign(pages, {
        '/': element(''),
        '/popup': element('flow="popup"'),
        '/other': element('flow="popup" redirect-uri="/done"'),
        '/done': '<p>Nothing here.</p>',
        '/arabic': element('lang="ar" redirect-uri="/"'),
      });
      origins = [world.demo.issuer, world.demo.shop, fakes.oidc.origin, fakes.oauth2.origin, fakes.site.origin, fakes.plain.origin, fakes.evil.origin];
    });
    after(() => Promise.all([fakes.oidc, fakes.oauth2, fakes.site, fakes.plain, fakes.evil].map((server) => server?.stop())));

    const enter = (options) => visit(world.browser, origins, options);
    const greeting = (page, name) => page.getByText(`Hello, ${name}`);
    const door = (page) => page.locator('befriend-sign-in').first();
    const customer = (page) => door(page).evaluate((found) => found.customer);

    /** Goes through the provider's page that `page` is on the way to, and agrees to what is asked. */
    async function passProvider(page, arrived) {
      await page.getByRole('link', { name: /^Go on as/ }).click();
      await agree(page, arrived);
    }

    for (const [label, name, pass] of [
      ['Mill ID', 'Mia', passProvider],
      ['Oven', 'Olaf', passProvider],
      ['Test provider', 'Tess', (page, arrived) => passTestProvider(page, { name: 'Tess Crust', email: 'tess@example.test', arrived })],
    ]) {
      test(`somebody signs up with ${label}`, async () => {
        const { context, page, faults } = await enter();
        await page.goto(`${fakes.site.origin}/`);
        await page.getByRole('button', { name: `Continue with ${label}` }).click();
        await pass(page, greeting(page, name));
        assert.equal(page.url(), `${fakes.site.origin}/`);
        assert.ok((await customer(page)).sub.startsWith('prf_'));
        assert.deepEqual(faults, []);
        await context.close();
      });
    }

    test('somebody who proved the same address before links the two, and is one person after', async () => {
      const { context, page, faults } = await enter();
      await page.goto(`${fakes.site.origin}/`);
      await page.getByRole('button', { name: 'Continue with Mill ID' }).click();
      await passProvider(page, greeting(page, 'Mia'));
      const first = (await customer(page)).sub;
      await context.clearCookies();
      await page.evaluate(() => sessionStorage.clear());

      await page.goto(`${fakes.site.origin}/`);
      await page.getByRole('button', { name: 'Continue with Test provider' }).click();
      await page.getByLabel('Name', { exact: true }).fill('Mia Mill');
      await page.getByLabel('Email address').fill('mia@example.test');
      await page.getByLabel('The address is verified').check();
      await page.getByRole('button', { name: 'Sign in as this person' }).click();
      await page.getByRole('heading', { name: 'Have you been here before?' }).waitFor();
      await inspect(page, 'link');
      await page.getByRole('button', { name: 'Prove it with Mill ID' }).click();
      await passProvider(page, greeting(page, 'Mia'));

      assert.equal((await customer(page)).sub, first);
      assert.deepEqual(faults, []);
      await context.close();
    });

    for (const [what, server, path] of [
      ['on a page that is cut off from its windows (COOP)', 'site', '/popup'],
      ['on a page that is not', 'plain', '/popup'],
      ['whose answer Befriend keeps, on a page that is cut off', 'site', '/other'],
      ['whose answer Befriend keeps, on a page that is not', 'plain', '/other'],
    ]) {
      test(`a window signs somebody in ${what}`, async () => {
        const { context, page, faults } = await enter();
        await page.goto(fakes[server].origin + path);
        const opens = context.waitForEvent('page');
        await page.getByRole('button', { name: 'Continue with Mill ID' }).click();
        const popup = await opens;
        const closes = popup.waitForEvent('close');
        await popup.getByRole('link', { name: /^Go on as/ }).click();
        const yes = popup.getByRole('button', { name: 'Yes, create my profile' });
        await Promise.race([closes, yes.waitFor().then(() => yes.click()).catch(() => {})]);
        await greeting(page, 'Mia').waitFor();
        await closes;
        assert.equal(page.url(), fakes[server].origin + path, 'the page stays where it was');
        assert.ok((await customer(page)).sub.startsWith('prf_'));
        assert.deepEqual(faults, []);
        await context.close();
      });
    }

    test('a window that somebody closes leaves the buttons working', async () => {
      const { context, page, faults } = await enter();
      await page.goto(`${fakes.site.origin}/popup`);
      const opens = context.waitForEvent('page');
      await page.getByRole('button', { name: 'Continue with Mill ID' }).click();
      const popup = await opens;
      await popup.getByRole('link', { name: /^Go on as/ }).waitFor();
      await popup.close();
      await page.bringToFront();
      await page.evaluate(() => dispatchEvent(new Event('focus')));
      await page.waitForFunction(() => document.querySelector('befriend-sign-in').state === 'idle');
      assert.deepEqual(faults, []);
      await context.close();
    });

    test('a window that is refused, or a finger, goes by the page itself', async () => {
      for (const [options, script] of [[{}, () => { globalThis.open = () => null; }], [{ hasTouch: true, isMobile: true }, () => {}]]) {
        const { context, page, faults } = await enter(options);
        await context.addInitScript(script);
        await page.goto(`${fakes.site.origin}/popup`);
        await page.getByRole('button', { name: 'Continue with Mill ID' }).click();
        await page.getByRole('link', { name: /^Go on as/ }).waitFor();
        assert.equal(context.pages().length, 1);
        assert.deepEqual(faults, []);
        await context.close();
      }
    });

    test('a browser that blocks third-party cookies signs in by page and by window', async () => {
      const browser = await launch(['--test-third-party-cookie-phaseout']);
      try {
        for (const path of ['/', '/popup', '/other']) {
          const { context, page, faults } = await visit(browser, origins);
          await page.goto(fakes.site.origin + path);
          if (path === '/') assert.equal(await bringsCookies(page, fakes.oidc.origin), false, 'this browser does block them');
          const opens = path === '/' ? page : context.waitForEvent('page');
          await page.getByRole('button', { name: 'Continue with Oven' }).click();
          const place = await opens;
          await place.getByRole('link', { name: /^Go on as/ }).click();
          if (path === '/') await agree(page, greeting(page, 'Olaf'));
          await greeting(page, 'Olaf').waitFor();
          assert.deepEqual(faults, []);
          await context.close();
        }
      } finally {
        await browser.close();
      }
    });

    /** Whether a page of another site brings along the cookie that `origin` has set as a page of its own. */
    async function bringsCookies(page, origin) {
      const probe = await page.context().newPage();
      await probe.goto(`${origin}/cookie`);
      await probe.reload();
      assert.deepEqual(JSON.parse(await probe.innerText('body')), { brought: true }, 'it is kept for pages of its own');
      const session = await page.context().newCDPSession(probe);
      await session.send('Page.setBypassCSP', { enabled: true });
      await probe.goto(`${fakes.plain.origin}/done`);
      const brought = await probe.evaluate(async (url) => (await (await fetch(`${url}/cookie`, { credentials: 'include' })).json()).brought, origin);
      await probe.close();
      return brought;
    }

    test('A35: pages of other origins get nothing out of a sign-in and put nothing into one', async () => {
      const { context, page, faults } = await enter();
      await page.goto(`${fakes.site.origin}/`);
      await page.getByRole('button', { name: 'Continue with Mill ID' }).click();
      await passProvider(page, greeting(page, 'Mia'));

      // A frame of the brand's page within another page is told of an answer.
      const attacker = await context.newPage();
      await attacker.goto(`${fakes.evil.origin}/done`);
      await attacker.evaluate((site) => new Promise((ready) => {
        const frame = document.createElement('iframe');
        frame.src = `${site}/popup`;
        frame.onload = ready;
        document.body.append(frame);
      }), fakes.plain.origin);
      const frame = attacker.frames()[1];
      await frame.locator('befriend-sign-in').waitFor();
      await attacker.evaluate(() => {
        const forged = { code: 'forged', state: 'popup.x', iss: 'x', customer: { sub: 'prf_evil' }, access_token: 'x' };
        frames[0].postMessage(forged, '*');
        new BroadcastChannel('befriend popup.x').postMessage(forged);
      });
      assert.equal(await frame.evaluate(() => document.querySelector('befriend-sign-in').customer), null);

      // A page of another origin opens a window for the brand's application, while the victim is signed in.
      const heard = [];
      await attacker.exposeFunction('heard', (text) => heard.push(text));
      await attacker.evaluate(() => addEventListener('message', (event) => globalThis.heard(JSON.stringify(event.data))));
      const secret = 'a-secret-that-the-attacker-made-up-for-this-1';
      const hash = await attacker.evaluate(async (text) => btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, ''), secret);
      const opens = context.waitForEvent('page');
      await attacker.evaluate(([issuer, fields]) => {
        open('about:blank', 'victim');
        const form = document.createElement('form');
        Object.assign(form, { action: `${issuer}/oauth/authorize`, method: 'post', target: 'victim' });
        for (const [name, value] of Object.entries(fields)) {
          const input = document.createElement('input');
          Object.assign(input, { name, value });
          form.append(input);
        }
        document.body.append(form);
        form.submit();
      }, [world.demo.issuer, {
        response_type: 'code', client_id: fakes.client, redirect_uri: `${fakes.site.origin}/done`, scope: 'openid', state: 'popup.theirs', handoff: hash,
        code_challenge: hash, code_challenge_method: 'S256', nonce: 'theirs',
      }]);
      const victim = await opens;
      await victim.waitForURL(`${fakes.site.origin}/done?**`);
      const body = new URLSearchParams({ client_id: fakes.client, secret });
      const asked = await fetch(`${world.demo.issuer}/v1/embed/handoff`, { method: 'POST', body, headers: { origin: fakes.site.origin } });
      assert.deepEqual(await asked.json(), { waiting: true }, 'the answer went to the brand’s page');
      assert.deepEqual(heard, []);
      assert.deepEqual(faults, []);
      await context.close();
    });

    test('the element speaks Arabic from right to left, and so do the pages after it', async () => {
      const { context, page, faults } = await enter();
      await page.goto(`${fakes.plain.origin}/arabic`);
      await page.getByRole('button', { name: /المتابعة باستخدام Mill ID/ }).click();
      await page.getByRole('link', { name: /^Go on as/ }).waitFor();
      await page.goto(`${world.demo.issuer}/login?client_id=${fakes.client}`);
      await page.getByRole('heading', { level: 1, name: /تسجيل الدخول/ }).waitFor();
      assert.equal(await page.locator('html').getAttribute('dir'), 'rtl');
      await inspect(page, 'login-arabic');
      await page.goto(`${world.demo.issuer}/logout?brand=${fakes.brand}`);
      await inspect(page, 'sign-out-arabic');
      await page.goto(`${world.demo.issuer}/login?flow=flw_nothing`);
      await inspect(page, 'error-arabic');
      assert.deepEqual(faults, []);
      await context.close();
    });

    test('a link in a mail leads to preferences, with scripts and without', async () => {
      for (const javaScriptEnabled of [true, false]) {
        const { context, page, faults } = await enter({ javaScriptEnabled });
        const url = await preferenceLink();
        await page.goto(url);
        if (javaScriptEnabled) await inspect(page, 'preferences');
        await page.getByRole('button', { name: 'Stop everything' }).click();
        await page.getByText('Everything is stopped.').waitFor();
        if (javaScriptEnabled) await inspect(page, 'preferences-stopped');
        await page.getByRole('button', { name: 'Allow it again' }).click();
        await page.getByLabel('30 days').check();
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByText('You have a break until').waitFor();
        assert.deepEqual(faults, []);
        await context.close();
      }
    });

    async function preferenceLink() {
      const { key } = await world.demo.command('key', 'create', '--brand', fakes.brand, '--kind', 'secret', '--name', `mailer ${Math.random()}`);
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const event = { userId: 'mail-reader', event: 'Product Viewed' };
      const basic = `Basic ${Buffer.from(`${key}:`).toString('base64')}`;
      await fetch(`${world.demo.issuer}/v1/track`, { method: 'POST', headers: { authorization: basic }, body: JSON.stringify(event) });
      const found = await (await fetch(`${world.demo.issuer}/api/v1/profiles?user_id=mail-reader`, { headers })).json();
      const [{ id }] = found.profiles;
      const answer = await fetch(`${world.demo.issuer}/api/v1/profiles/${id}/contact/preferences/link`, { method: 'POST', headers, body: JSON.stringify({ surface: 'the newsletter' }) });
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      return JSON.parse(text).url;
    }
  });
}
