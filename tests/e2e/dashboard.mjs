/** The marketer's side: from the set-up link through the pages of the dashboard. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect, visit } from './browser.mjs';
import { rulesSteps } from './rules.mjs';

const EMAIL = 'mara@example.test';
const PASSWORD = 'flour water salt and patience';
// A picture of 96 by 40.
const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAGAAAAAoCAIAAACO8WhuAAAApklEQVR42u3awRGAIBBD0dzsz2otxx4sQDtAZBFl82dSwTtBsjqPnRQiCACaBGhbl76ZHqi7yCdemhplAJYyubwhpaw0vZiUmybOJAeaCJN8aNqYZKjzyEieOvVGstWpNJKzTo2RzHVujQAKAJnolI0AAggggAACKCcQ7yCAwkD8xfjN0wcN6INoFOmkWTXGrBrsYiyrbPNcd/zxuoP7IC7MCEBtuQAJ5O4CaoZHIAAAAABJRU5ErkJggg==';

export function dashboardTests(world) {
  test('the set-up link makes the first member of staff, who walks the dashboard', async (t) => {
    const { context, page, faults } = await visit(world.browser, [world.demo.issuer, world.demo.shop]);
    const heading = (name) => page.getByRole('heading', { level: 1, name });
    const menu = (name) => page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name });

    let link;
    let broken = false;

    /** A step of the walk. Once one has failed the others could only fail for its reason. */
    const step = (name, act) => t.test(name, { skip: broken && 'an earlier step failed' }, async () => {
      broken = true;
      await act();
      broken = false;
    });

    await step('set-up', async () => {
      ({ url: link } = await world.demo.command('staff', 'setup-link'));
      await page.goto(link);
      await page.getByLabel('Your name').waitFor();
      await inspect(page, 'set-up');
      await page.getByLabel('Your name').fill('Mara Keller');
      await page.getByLabel('Email').fill(EMAIL);
      await page.getByLabel('Password').fill(PASSWORD);
      await page.locator('form button').last().click();
      await heading(/Overview|Brands/).waitFor();
    });
    await step('Overview shows the demo brand’s people', async () => {
      if (await heading('Brands').isVisible()) await page.getByRole('main').getByRole('link', { name: 'Crumb & Co' }).first().click();
      await heading('Overview').waitFor();
      const tile = page.getByRole('link', { name: /acquaintances/i }).first();
      await tile.waitFor();
      await inspect(page, 'overview');
      await tile.click();
      await page.waitForURL(/stage=acquaintance/);
    });
    await step('Complaints, Network and Keep in touch', async () => {
      for (const [name, slug] of [['Complaints', 'complaints'], ['Network', 'network'], ['Keep in touch', 'keep-in-touch']]) {
        await menu(name).click();
        await heading(name).waitFor();
        await inspect(page, slug);
      }
      await menu('Overview').click();
      await heading('Overview').waitFor();
    });
    await step('Customers, and one of them', async () => {
      await menu('Customers').click();
      await heading('Customers').waitFor();
      await inspect(page, 'customers');
      const first = page.getByRole('rowheader').first().getByRole('link');
      const name = await first.innerText();
      await first.click();
      await heading(name).waitFor();
      await inspect(page, 'customer');
    });
    for (const name of ['Live', 'Rules', 'Sites', 'Look', 'Providers', 'Keys', 'Imports']) {
      await step(name, async () => {
        await menu(name).click();
        await heading(name).waitFor();
        await inspect(page, name.toLowerCase());
      });
    }
    await step('a site’s buttons are tried out', async () => {
      await menu('Sites').click();
      await page.getByRole('link', { name: /Configure its buttons/ }).last().click();
      await heading(/^Buttons for/).waitFor();
      const tried = page.locator('.trial-phone').getByRole('button', { name: 'Continue with Test provider' });
      await tried.waitFor();
      await inspect(page, 'configure');
      await tried.click();
      await heading(/^Buttons for/).waitFor();
      await page.getByLabel('Sign up with …').check();
      await page.waitForURL(/label=sign-up/);
      await page.locator('.trial-dark').getByRole('button', { name: 'Sign up with Test provider' }).waitFor();
      assert.match(await page.locator('#snippet').innerText(), /label="sign-up"/);
    });
    await step('a logo and words are given, and shown', async () => {
      await menu('Look').click();
      await page.getByLabel('Picture').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from(PICTURE, 'base64') });
      await page.getByRole('button', { name: 'Use this picture' }).click();
      await page.getByRole('img', { name: 'The logo now' }).waitFor();
      await page.getByLabel('Headline, Every language').fill('Bread from six');
      await page.getByLabel('Line, Every language', { exact: true }).fill('The mill is a walk away, and so are we.');
      await page.getByRole('button', { name: 'Save the words' }).click();
      await heading('Look').waitFor();
      await inspect(page, 'look');
      const visitor = await visit(world.browser, [world.demo.issuer, world.demo.shop]);
      const [, brand] = /dashboard\/([^/]+)\//.exec(page.url());
      await visitor.page.goto(`${world.demo.issuer}/login?brand=${brand}`);
      await visitor.page.getByText('Bread from six').waitFor();
      await inspect(visitor.page, 'login-look');
      assert.deepEqual(visitor.faults, []);
      await visitor.context.close();
    });
    await rulesSteps(page, step);
    await step('Live shows what the shop’s visitors did', async () => {
      const shopper = await visit(world.browser, [world.demo.issuer, world.demo.shop]);
      await menu('Live').click();
      const sent = shopper.page.waitForResponse(/\/v1\/batch$/);
      await shopper.page.goto(`${world.demo.shop}/product.html?id=pretzel`);
      assert.equal((await sent).status(), 200);
      await page.getByText('Product Viewed').first().waitFor();
      assert.deepEqual(shopper.faults, []);
      await shopper.context.close();
    });
    await step('Live shows a refused event as it comes, to mend and to replay', async () => {
      await menu('Live').click();
      await heading('Live').waitFor();
      const [, brand] = /dashboard\/([^/]+)\/live/.exec(page.url());
      const { key } = await world.demo.command('key', 'create', '--brand', brand, '--kind', 'secret', '--name', 'till');
      const bad = { userId: '4711', event: 'Parcel Weighed', timestamp: 'yesterday' };
      const authorization = `Basic ${Buffer.from(`${key}:`).toString('base64')}`;
      const answer = await fetch(`${world.demo.issuer}/v1/track`, { method: 'POST', headers: { authorization }, body: JSON.stringify(bad) });
      assert.equal(answer.status, 400);
      const row = page.locator('.event', { hasText: 'Parcel Weighed' });
      await row.getByText('Rejected').waitFor();
      await row.getByRole('button', { name: 'Replay' }).waitFor();
      await inspect(page, 'live-refused');
      await row.getByRole('link', { name: 'Mend it first' }).click();
      await heading('Parcel Weighed').waitFor();
      await inspect(page, 'reject');
      await page.getByRole('button', { name: 'Replay this event' }).click();
      await page.getByText('still not stored').first().waitFor();
      await inspect(page, 'reject-refused');
      const json = page.getByLabel('The event, as JSON');
      await json.fill((await json.inputValue()).replace('yesterday', '2026-01-02T03:04:05Z'));
      await page.getByRole('button', { name: 'Replay this event' }).click();
      await page.getByText('The event is stored.').waitFor();
      await page.goto(`${world.demo.issuer}${(await answer.json()).docs}`);
      await heading('What senders of events are told').waitFor();
      await inspect(page, 'errors');
      await page.goto(`${world.demo.issuer}/dashboard/${brand}/live`);
    });
    await step('a key is made for one purpose, and limited further', async () => {
      await menu('Keys').click();
      await heading('Keys').waitFor();
      await page.getByLabel('What it is for').fill('Till');
      await page.getByLabel('Secret key').check();
      await page.getByText('Limit what it may do').click();
      await page.getByLabel('Events it may send').fill('Order *');
      await inspect(page, 'keys-limits');
      await page.getByRole('button', { name: 'Make this key' }).click();
      await page.getByText('shown this once').waitFor();
      await page.getByRole('link', { name: 'Till', exact: true }).click();
      await heading('Till').waitFor();
      await inspect(page, 'key');
      await page.getByLabel('Events a second').fill('5');
      await page.getByRole('button', { name: 'Save' }).click();
      await heading('Keys').waitFor();
    });
    await step('the set-up link works once', async () => {
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.goto(link);
      await page.getByRole('heading', { level: 1 }).waitFor();
      assert.equal(await page.getByLabel('Your name').count(), 0);
      await inspect(page, 'set-up-used');
    });
    await step('staff sign in again with the password they chose', async () => {
      await page.goto(`${world.demo.issuer}/dashboard`);
      await page.getByLabel('Password').waitFor();
      await inspect(page, 'staff-sign-in');
      await page.getByLabel('Email').fill(EMAIL);
      await page.getByLabel('Password').fill(PASSWORD);
      await page.locator('form button').last().click();
      await heading(/Overview|Brands/).waitFor();
    });
    assert.deepEqual(faults, []);
    await context.close();
  });
}
