/** A marketer who has never seen the document changes a rule, looks whom it would move, publishes it, takes it back. */
import assert from 'node:assert/strict';
import { inspect } from './browser.mjs';

/** The steps, for a page whose user is signed in and within a brand. `step` names and runs each. */
export async function rulesSteps(page, step) {
  const heading = (name) => page.getByRole('heading', { level: 1, name });
  const menu = () => page.getByRole('navigation', { name: 'Dashboard' }).getByRole('link', { name: 'Rules' });
  const threshold = page.locator('[id="rules[1].when.all[0].score.at_least"]');

  await step('Rules: a threshold is changed in its sentence', async () => {
    await menu().click();
    await page.getByRole('link', { name: 'Change these rules' }).click();
    await heading('Change the rules').waitFor();
    await inspect(page, 'rules-draft-new');
    await threshold.fill('15');
    await page.locator('[id="rules[1].when.all[1].qualifying_days.at_least"]').fill('2');
    // By the keyboard alone: the sentence is a form.
    await threshold.press('Enter');
    await page.getByText('The draft is saved.').waitFor();
    await page.getByText('investment is at least 15 points').first().waitFor();
    await inspect(page, 'rules-draft');
  });
  await step('Rules: a figure that cannot be used is told at its field, and stays', async () => {
    await page.locator('[id="half_life_days.trust"]').fill('0');
    await page.getByRole('button', { name: 'Save the draft' }).click();
    await page.getByRole('alert').waitFor();
    assert.equal(await page.locator('[id="half_life_days.trust"]').inputValue(), '0');
    await inspect(page, 'rules-draft-refused');
  });
  await step('Rules: the text is checked line by line', async () => {
    await page.getByRole('link', { name: 'Change as text' }).click();
    await heading('Rules as text').waitFor();
    const text = page.getByLabel('The rules, in YAML');
    const good = await text.inputValue();
    await text.fill(good.replace('familiarity: 60', 'familiarity: sixty'));
    await page.getByRole('button', { name: 'Save the draft' }).click();
    await page.getByText(/Line \d+, column \d+/).waitFor();
    await inspect(page, 'rules-text-faults');
    await page.getByLabel('The rules, in YAML').fill(good);
    await page.getByRole('button', { name: 'Save the draft' }).click();
    await page.getByText('These rules can be used.').waitFor();
    await inspect(page, 'rules-text');
  });
  await step('Rules: the preview says whom it would move', async () => {
    await page.getByRole('link', { name: 'Preview and publish' }).click();
    await heading('Preview and publish').waitFor();
    await inspect(page, 'rules-preview');
    await page.getByRole('button', { name: 'Preview applied to history' }).click();
    await page.getByText(/would stand elsewhere/).waitFor();
    assert.ok(await page.getByRole('heading', { name: 'Some of those who would move' }).isVisible());
    await inspect(page, 'rules-preview-done');
  });
  await step('Rules: published with a note', async () => {
    await page.getByLabel('Why the rules change').fill('Two orders make a friend.');
    await page.getByRole('button', { name: 'Publish these rules' }).click();
    await page.getByText('The rules are published.').waitFor();
    await page.getByText(/Version 2, published/).waitFor();
    await inspect(page, 'rules-published');
  });
  await step('Rules: taken back', async () => {
    await page.getByRole('link', { name: 'Take back version 2' }).click();
    await heading('Take version 2 back?').waitFor();
    await inspect(page, 'rules-take-back');
    await page.getByRole('button', { name: 'Take it back' }).click();
    await page.getByText('The version is taken back.').waitFor();
    await page.getByText(/Version 1, published/).waitFor();
    await page.getByRole('link', { name: 'Version 2', exact: true }).click();
    await heading('Version 2').waitFor();
    await inspect(page, 'rules-version');
  });
}
