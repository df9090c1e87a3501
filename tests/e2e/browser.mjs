/** Chromium, and what every page in it is held to: no policy violation, no request to anywhere else, axe 0. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { OUT } from './server.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const STEP_LIMIT_MS = 15_000;
const SCHEMES = ['light', 'dark'];
const WIDTHS = [[1280, 900], [390, 844]];

export const launch = (flags = []) =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...flags] });

/** A visitor with a fresh profile. `faults` collects whatever no page of ours may do. */
export async function visit(browser, origins, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(STEP_LIMIT_MS);
  const faults = [];
  await context.exposeBinding('reportViolation', ({ page }, text) => faults.push(`${page.url()}: policy: ${text}`));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      globalThis.reportViolation(`${event.effectiveDirective} refused ${event.blockedURI}`);
    });
  });
  context.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && !origins.includes(url.origin)) faults.push(`request to ${url.origin}`);
  });
  context.on('console', (message) => {
    if (/Content[ -]Security[ -]Policy/i.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => faults.push(`script: ${error.error()}`));
  const page = await context.newPage();
  return { context, page, faults };
}

/** Axe finds nothing, and nothing is wider than the page, in both colour schemes and at both widths. */
export async function inspect(page, name) {
  const before = page.viewportSize();
  const findings = [];
  for (const colorScheme of SCHEMES) {
    for (const [width, height] of WIDTHS) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height });
      await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      await page.screenshot({ path: join(OUT, `${name}-${colorScheme}-${width}.png`), fullPage: true });
      const where = `${name} ${colorScheme} ${width}`;
      const { violations, overflow } = await page.evaluate(`(async () => {
        if (!globalThis.axe) { ${AXE} }
        const { violations } = await axe.run();
        return { violations, overflow: document.documentElement.scrollWidth - innerWidth };
      })()`);
      if (overflow > 0) findings.push(`${where}: ${overflow} px wider than the window`);
      for (const { id, nodes } of violations) {
        findings.push(...nodes.map((node) => `${where}: ${id} at ${node.target}: ${node.failureSummary}`));
      }
    }
  }
  await page.setViewportSize(before);
  assert.deepEqual(findings, []);
}

/** Picks the way in on the hosted page, says who one is to the test provider, and agrees to what is asked. */
export async function passTestProvider(page, { name, email, arrived }) {
  await sayWho(page, { name, email });
  await agree(page, arrived);
}

export async function sayWho(page, { name, email }) {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('Email address').fill(email);
  await page.getByRole('button', { name: 'Sign in as this person' }).click();
}

/** Agrees to what a newcomer is asked, if anything is, until the page has `arrived`. */
export async function agree(page, arrived) {
  const yes = page.getByRole('button', { name: 'Yes, create my profile' });
  await yes.or(arrived).first().waitFor();
  if (await yes.isVisible()) await yes.click();
  await arrived.first().waitFor();
}
