/**
 * The SDKs of browsers, in a real Chromium, on a page of another origin than Befriend's. Their files come as they are
 * from their packages.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

const PACKAGES = join(import.meta.dirname, 'node_modules');
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const STEP_LIMIT_MS = 30_000;
/** The package of Segment has one file for browsers, which sets a global; this names it as the package does. */
const SEGMENT = "await import('/package/@segment/analytics-next/dist/umd/index.js'); export const { AnalyticsBrowser } = globalThis.AnalyticsNext;";
const IMPORTS = {
  '@segment/analytics-next': '/segment.js',
  '@rudderstack/analytics-js/bundled': '/package/@rudderstack/analytics-js/dist/npm/modern/bundled/esm/index.mjs',
};
const PAGE = `<!doctype html><title>Shop</title><script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>`;

/** A shop's own web server: one page, and the files of the packages. */
async function startShop() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://shop');
    const script = (text) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(text);
    if (pathname === '/') return response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
    if (pathname === '/segment.js') return script(SEGMENT);
    if (pathname.startsWith('/package/')) {
      const path = normalize(join(PACKAGES, pathname.slice('/package/'.length)));
      if (path.startsWith(PACKAGES)) return script(await readFile(path));
    }
    return response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await new Promise((ready) => server.once('listening', ready));
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

/** Chromium and the shop. `run` opens a fresh visit and runs a module there. */
export async function openShop() {
  const shop = await startShop();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  return {
    /**
     * Runs `code` as a module in a page of a new visitor, until `isDone` says so. Nobody but the shop and `host` may be
     * asked for anything, and no error may be thrown.
     */
    async run(host, code, isDone) {
      const context = await browser.newContext();
      context.setDefaultTimeout(STEP_LIMIT_MS);
      const faults = [];
      context.on('weberror', (error) => faults.push(`script: ${error.error()}`));
      context.on('request', (request) => {
        const { protocol, origin } = new URL(request.url());
        const allowed = [new URL(shop.url).origin, new URL(host).origin];
        if (protocol.startsWith('http') && !allowed.includes(origin)) faults.push(`request to ${request.url()}`);
      });
      const page = await context.newPage();
      await page.goto(shop.url);
      await page.addScriptTag({ type: 'module', content: code });
      try {
        await until(isDone, () => faults.join('\n'));
      } finally {
        await context.close();
      }
      assert.deepEqual(faults, []);
    },
    async stop() {
      await browser.close();
      shop.server.closeAllConnections();
      await new Promise((closed) => shop.server.close(closed));
    },
  };
}

/** Waits for what happens elsewhere. */
export async function until(isDone, why = () => '') {
  const deadline = Date.now() + STEP_LIMIT_MS;
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error(`it did not come to pass within ${STEP_LIMIT_MS} ms ${why()}`);
    await new Promise((later) => { setTimeout(later, 50); });
  }
}

const CALLS = (prefix) => `
  analytics.track('Product Viewed', { sku: 'rye', visit: '${prefix}-visit' });
  analytics.identify('${prefix}-user', { name: 'Ada Baker', email: '${prefix}@example.com' });
  analytics.track('Spoilt', { note: '${prefix}-\\0' });
  analytics.track('Order Completed', { order_id: '${prefix}-1', total: 31.5 });
  analytics.page('Shop', 'Bread', { visit: '${prefix}-visit' });
  analytics.group('${prefix}-group', { name: 'Regulars' });
  analytics.alias('${prefix}-user', '${prefix}-earlier');`;

const segment = (options) => (host, key, prefix) => `
  import { AnalyticsBrowser } from '@segment/analytics-next';
  const analytics = AnalyticsBrowser.load({ writeKey: '${key}', cdnURL: '${host}' }, ${JSON.stringify(options)});
  ${CALLS(prefix)}`;

const rudder = (host, key, prefix) => `
  import { RudderAnalytics } from '@rudderstack/analytics-js/bundled';
  const analytics = new RudderAnalytics();
  analytics.load('${key}', '${host}', { configUrl: '${host}' });
  ${CALLS(prefix)}`;

/** Name, and the module that a page runs. */
export const BROWSER_SDKS = [
  { name: '@segment/analytics-next', code: segment({}) },
  {
    name: '@segment/analytics-next, in batches',
    code: segment({ integrations: { 'Segment.io': { deliveryStrategy: { strategy: 'batching', config: { size: 3, timeout: 500 } } } } }),
  },
  { name: '@rudderstack/analytics-js', code: rudder },
];
