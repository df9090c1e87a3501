/**
 * Browser tests: a real Chromium against the real binary, started as the demo.
 *
 *   npm ci && CHROMIUM=$(../../script/ensure-chromium) npm test
 *
 * BEFRIEND_BIN names the binary (target/debug/befriend). Screenshots and the server's log land in out/.
 */
import { after, before, describe } from 'node:test';
import { accountTests } from './account.mjs';
import { launch } from './browser.mjs';
import { staticTests, wireTests } from './budgets.mjs';
import { dashboardTests } from './dashboard.mjs';
import { doorTests } from './doors.mjs';
import { passkeyTests } from './passkey.mjs';
import { startDemo } from './server.mjs';
import { shopTests } from './shop.mjs';

describe('files', () => staticTests());

describe('demo', () => {
  const world = {};
  before(async () => {
    world.demo = await startDemo();
    world.browser = await launch();
  });
  after(async () => {
    await world.browser?.close();
    await world.demo?.stop();
  });
  shopTests(world);
  doorTests(world);
  accountTests(world);
  dashboardTests(world);
  wireTests(world);
});

describe('a server with a name', () => {
  const world = {};
  before(async () => {
    world.local = await startDemo({ host: 'localhost', log: 'local.log' });
    [world.local.brand] = (await world.local.command('brand', 'list')).map(({ slug }) => slug);
    world.browser = await launch();
  });
  after(async () => {
    await world.browser?.close();
    await world.local?.stop();
  });
  passkeyTests(world);
});
