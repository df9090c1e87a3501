/** Sizes that must not creep, and facts that stand in two places. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { visit } from './browser.mjs';

const ASSETS = resolve(import.meta.dirname, '../../assets');
const EMBED_BYTES_MAX = 6 * 1024;
const POPUP_BYTES_MAX = 2 * 1024;
const LOGIN_BYTES_MAX = 14 * 1024;
const LAYOUT_SHIFT_MAX = 0.02;

export function staticTests() {
  test(`embed.js stays within ${EMBED_BYTES_MAX} bytes of gzip`, async () => {
    const size = gzipSync(await readFile(join(ASSETS, 'embed.js')), { level: 9 }).length;
    assert.ok(size <= EMBED_BYTES_MAX, `${size} bytes`);
  });

  test(`embed-popup.js stays within ${POPUP_BYTES_MAX} bytes of gzip`, async () => {
    const size = gzipSync(await readFile(join(ASSETS, 'embed-popup.js')), { level: 9 }).length;
    assert.ok(size <= POPUP_BYTES_MAX, `${size} bytes`);
  });

  test('the shelf shows the prices that the basket counts with', async () => {
    const { GOODS, money } = await import(join(ASSETS, 'shop/goods.js'));
    const html = await readFile(join(ASSETS, 'shop/index.html'), 'utf8');
    const shown = [...html.matchAll(/<a href="\/product\.html\?id=(\w+)">([^<]+)<[^]*?data-price="(\w+)">([^<]+)</g)];
    assert.deepEqual(
      shown.map(([, id, name, priced, price]) => ({ id, name, priced, price })),
      GOODS.map(({ id, name, price }) => ({ id, name, priced: id, price: money(price) })),
    );
  });
}

export function wireTests(world) {
  test(`the hosted sign-in page comes to at most ${LOGIN_BYTES_MAX} bytes on the wire, without a script`, async () => {
    const { context, page } = await visit(world.browser, [world.demo.issuer, world.demo.shop]);
    await page.goto(`${world.demo.shop}/`);
    const login = await page.locator('befriend-sign-in a').first().getAttribute('href');
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.setCacheDisabled', { cacheDisabled: true });
    const kinds = [];
    let bytes = 0;
    session.on('Network.responseReceived', ({ type }) => kinds.push(type));
    session.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
    await page.goto(login, { waitUntil: 'networkidle' });
    assert.ok(kinds.includes('Document'));
    assert.ok(!kinds.includes('Script'), kinds.join(' '));
    assert.ok(bytes > 0 && bytes <= LOGIN_BYTES_MAX, `${bytes} bytes`);
    await context.close();
  });

  test('the element moves nothing on a page that has drawn it before', async () => {
    const { context, page } = await visit(world.browser, [world.demo.issuer, world.demo.shop]);
    await context.addInitScript(() => {
      globalThis.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) globalThis.shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    for (const path of ['/', '/product.html?id=bread', '/']) {
      const configured = page.waitForResponse(/\/v1\/embed\/config/);
      await page.goto(`${world.demo.shop}${path}`);
      await configured;
      await page.getByRole('banner').getByRole('button', { name: 'Sign in' }).waitFor();
    }
    const shift = await page.evaluate(() => globalThis.shift);
    assert.ok(shift <= LAYOUT_SHIFT_MAX, `shift ${shift}`);
    await context.close();
  });
}
