/** A customer's own account: two that become one, and one that is left. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agree, inspect, sayWho, visit } from './browser.mjs';

const ONE = { name: 'Edd Rye', email: 'edd@example.test' };
const OTHER = { name: 'Eddie Rye', email: 'eddie@other.test' };

export function accountTests(world) {
  const me = () => `${world.demo.issuer}/me?brand=bakery`;
  const own = (page, { name }) => page.getByRole('heading', { level: 1, name, exact: true });
  const button = (page, name) => page.getByRole('button', { name });

  async function signIn(page, person) {
    await page.goto(`${world.demo.issuer}/login?brand=bakery`);
    await button(page, /Test provider/i).click();
    await sayWho(page, person);
    await agree(page, own(page, person));
  }

  test('two accounts of one person become one and two again; one is left and kept', async () => {
    const { context, page, faults } = await visit(world.browser, [world.demo.issuer, world.demo.shop]);
    await signIn(page, OTHER);
    await button(page, 'Sign out').click();
    await signIn(page, ONE);

    await button(page, 'I have another account here').click();
    await button(page, /Test provider/i).click();
    await sayWho(page, OTHER);
    await page.getByRole('heading', { level: 1, name: 'Make these two accounts one?' }).waitFor();
    await inspect(page, 'me-join');
    await button(page, 'Make them one').click();
    await page.getByText('The two accounts are one now.').waitFor();
    assert.equal(await button(page, /^Unlink/).count(), 2);
    await inspect(page, 'me-joined');
    await button(page, /Take apart/).click();
    await page.getByText('The accounts are two again.').waitFor();
    await page.getByText('Your only way in').waitFor();

    const saved = page.waitForEvent('download');
    await button(page, 'Download').click();
    assert.match((await saved).suggestedFilename(), /^bakery-\d{4}-\d\d-\d\d\.json$/);

    await page.getByRole('link', { name: 'Delete' }).click();
    await page.getByRole('heading', { level: 1, name: 'Delete your account?' }).waitFor();
    await inspect(page, 'me-delete');
    await button(page, 'Delete my account').click();
    await page.getByRole('heading', { level: 1, name: 'Your account is going to be deleted' }).waitFor();
    await inspect(page, 'me-deleted');
    await page.goto(me());
    await page.getByText('You are not signed in').waitFor();
    await signIn(page, ONE);
    await inspect(page, 'me-leaving');
    await button(page, 'Keep my account').click();
    await page.getByText('Your account stays.').waitFor();

    assert.deepEqual(faults, []);
    await context.close();
  });
}
