/**
 * Unmodified SDKs that people already use, pointed at Befriend: every call arrives, as what it was, exactly once, under
 * the right person and at the right time, even when answers get lost on the way back; what is refused is dropped, and
 * what is put off comes again. The examples of the documentation are run, too.
 */
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';

import { startBefriend } from '../program/befriend.mjs';
import { BROWSER_SDKS, openShop } from './pages.mjs';
import { LOST, refusal, startNetwork } from './proxy.mjs';
import { FLUSH_LIMIT_MS, SERVER_SDKS, preparePython } from './senders.mjs';
import { fill, readSnippets, runSnippet } from './snippets.mjs';

const BRAND = 'shop';
const DOCUMENTED_BRAND = 'bakery';
const SERVER_TYPES = ['alias', 'group', 'identify', 'page', 'screen', 'track', 'track'];
const BROWSER_TYPES = SERVER_TYPES.filter((type) => type !== 'screen');
/** Flags that say nothing of time or size. */
const HARMLESS_FLAGS = ['user_id_unproven', 'self_alias'];

let befriend;
let shop;
const keys = {};

before(async () => {
  preparePython();
  befriend = await startBefriend();
  for (const brand of [BRAND, DOCUMENTED_BRAND]) {
    befriend.cli('brand', 'create', '--slug', brand, '--name', 'Bellmoor Bakery');
    keys[brand] = {};
    for (const kind of ['secret', 'browser']) {
      keys[brand][kind] = befriend.cli('key', 'create', '--brand', brand, '--kind', kind, '--name', kind).key;
    }
  }
  shop = await openShop();
});

after(async () => {
  await shop?.stop();
  await befriend?.stop();
});

/** What Befriend holds of a sender, and what it did not store. */
function listed(prefix, brand = BRAND) {
  const all = befriend.cli('events', 'list', '--brand', brand, '--limit', '5000');
  const isOurs = (event) => JSON.stringify(event).includes(`${prefix}-`);
  return { events: all.events.filter(isOurs), rejects: all.rejects.filter(isOurs) };
}

/**
 * Of what a sender sent, each call is stored once, the one bad event is refused alone and kept with its reason, and every
 * event that came in is stored, refused or a repeat.
 */
function checkStored(prefix, network, { started, types, trusted }) {
  const { events, rejects } = listed(prefix);
  const ids = new Set(events.map((event) => event.message_id));
  const anonymous = new Set(network.seen.flatMap((one) => one.events).filter((one) => ids.has(one.messageId)).map((one) => one.anonymousId));
  assert.ok(anonymous.size > 0);
  assert.deepEqual(events.map((event) => event.type).sort(), types, JSON.stringify(events));
  assert.equal(ids.size, types.length);
  assert.ok(events.every((event) => event.trusted === trusted), JSON.stringify(events));
  const order = events.find((event) => event.name === 'Order Completed');
  assert.equal(order.payload.properties.total, 31.5);
  assert.ok(order.payload.context.library.name, 'the SDK says what it is');
  for (const event of events) {
    const at = Date.parse(event.event_time);
    assert.ok(at >= started - 1_000 && at <= Date.now(), `${event.type} at ${event.event_time}`);
  }
  assert.deepEqual(events.flatMap((event) => event.flags).filter((flag) => !HARMLESS_FLAGS.includes(flag)), []);
  const refused = rejects.filter((reject) => reject.status === 'rejected');
  assert.ok(refused.length >= 1 && refused.every((reject) => reject.code === 'nul_character'), JSON.stringify(rejects));
  checkCount(network, events.length);
  return events;
}

/** What came in is what was stored, what was refused and what was a repeat: nothing is lost, nothing is made up. */
function checkCount(network, stored) {
  const verdicts = network.verdicts();
  const count = (status) => verdicts.filter((verdict) => verdict === status).length;
  const cameIn = network.seen.filter((one) => one.reply !== undefined).flatMap((one) => one.events).length;
  assert.equal(count('accepted'), stored);
  assert.equal(cameIn, count('accepted') + count('duplicate') + count('rejected'), verdicts.join());
}

/** How often each event was sent, at all. */
function attempts(network) {
  const counts = new Map();
  for (const { messageId } of network.seen.flatMap((one) => one.events)) counts.set(messageId, (counts.get(messageId) ?? 0) + 1);
  return [...counts.values()];
}

/** A page is open until each of its events was answered other than by being put off. */
const BROWSERS = BROWSER_SDKS.map(({ name, code }) => ({
  name,
  kind: 'browser',
  trusted: false,
  types: BROWSER_TYPES,
  async send(host, key, prefix, network) {
    const settled = () => network.seen.filter((one) => one.answered === 200 || one.answered === 400).flatMap((one) => one.events);
    await shop.run(host, code(host, key, prefix), () => new Set(settled().map((one) => one.messageId)).size > BROWSER_TYPES.length);
    return [];
  },
}));
const SERVERS = SERVER_SDKS.map((sdk) => ({ ...sdk, kind: 'secret', trusted: true, types: SERVER_TYPES }));

for (const { name, kind, trusted, types, send, packing } of [...SERVERS, ...BROWSERS]) {
  const slug = name.replaceAll(/[^a-z]+/g, '');
  const isBrowser = kind === 'browser';

  /** Sends through a network; the network is stopped before anything is asserted. */
  async function sendThrough(plan, key, prefix) {
    const network = await startNetwork(befriend.url, plan);
    const started = Date.now();
    try {
      return { network, started, errors: await send(network.url, key, prefix, network) };
    } finally {
      await network.stop();
    }
  }

  test(`${name}: every call is stored as what it was, under one person, and a bad one is refused alone`, async () => {
    const prefix = `${slug}plain`;

    const { network, errors, started } = await sendThrough([], keys[BRAND][kind], prefix);

    assert.deepEqual(errors, []);
    const events = checkStored(prefix, network, { started, types, trusted });
    assert.ok(attempts(network).every((count) => count === 1), 'nothing is sent again');
    assert.equal(new Set(events.map((event) => event.person_id)).size, 1, 'the anonymous visit is the same person\'s');
    const identifying = events.filter((event) => event.identifies).length;
    assert.ok(isBrowser ? identifying === 0 : identifying >= types.length - 1);
  });

  test(`${name}: answers that get lost are asked for again, and nothing is stored twice`, async () => {
    const prefix = `${slug}lost`;

    const { network, errors, started } = await sendThrough([LOST, LOST], keys[BRAND][kind], prefix);

    assert.deepEqual(errors, []);
    if (!isBrowser) assert.ok(network.seen.every((one) => one.headers['content-encoding'] === packing));
    checkStored(prefix, network, { started, types, trusted });
    const verdicts = network.verdicts();
    assert.ok(verdicts.filter((status) => status === 'duplicate').length >= 1, verdicts.join());
    assert.equal(verdicts.filter((status) => status === 'conflict').length, 0, 'a retry is the same event to the byte');
  });

  test(`${name}: what is put off comes again, not too soon, and is stored once`, async () => {
    const prefix = `${slug}busy`;
    const plan = [refusal(429, 'busy', { 'retry-after': '1' }), refusal(503, 'unavailable', { 'retry-after': '1' })];

    const { network, errors, started } = await sendThrough(plan, keys[BRAND][kind], prefix);

    assert.deepEqual(errors, []);
    checkStored(prefix, network, { started, types, trusted });
    assert.ok(Math.max(...attempts(network)) >= 2, 'what was put off was sent again');
    assert.equal(network.verdicts().filter((status) => status !== 'accepted' && status !== 'rejected').length, 0);
  });

  if (isBrowser) continue;

  test(`${name}: what is refused is dropped at once`, async () => {
    for (const [status, code] of [[400, 'invalid_json'], [413, 'body_too_large']]) {
      const prefix = `${slug}refused${status}`;
      const started = Date.now();

      const { network } = await sendThrough(Array(20).fill(refusal(status, code)), keys[BRAND][kind], prefix);

      assert.ok(network.seen.length >= 1);
      assert.ok(attempts(network).every((count) => count === 1), `${status}: sent again`);
      assert.ok(Date.now() - started < FLUSH_LIMIT_MS / 2, 'it does not try for ever');
      assert.deepEqual(listed(prefix).events, []);
    }
  });

  test(`${name}: a key that anyone can copy is not believed`, async () => {
    const prefix = `${slug}page`;

    const { network, errors, started } = await sendThrough([], keys[BRAND].browser, prefix);

    assert.deepEqual(errors, []);
    const events = checkStored(prefix, network, { started, types, trusted: false });
    assert.ok(events.every((event) => !event.identifies));
  });

  test(`${name}: a wrong key is told at once and nothing is stored`, async () => {
    const prefix = `${slug}wrong`;

    const { network, errors } = await sendThrough([], `${keys[BRAND].secret.slice(0, -4)}AAAA`, prefix);

    assert.ok(errors.length > 0, 'the SDK says so');
    assert.ok(network.seen.every((one) => one.status === 401), JSON.stringify(network.seen.map((one) => one.status)));
    assert.ok(attempts(network).every((count) => count === 1), 'it does not try again');
    assert.deepEqual(listed(prefix).events, []);
  });
}

for (const { name, code } of BROWSER_SDKS) {
  const slug = name.replaceAll(/[^a-z]+/g, '');

  test(`${name}: what is refused is dropped, and what comes after it is stored`, async () => {
    const prefix = `${slug}refused`;
    const network = await startNetwork(befriend.url, [refusal(400, 'invalid_json')]);

    const isSent = () => attempts(network).length > BROWSER_TYPES.length;
    await shop.run(network.url, code(network.url, keys[BRAND].browser, prefix), isSent).finally(network.stop);

    const dropped = network.seen[0].events;
    assert.ok(network.seen.slice(1).every((one) => one.events.every((event) => !dropped.some((lost) => lost.messageId === event.messageId))));
    assert.equal(listed(prefix).events.length + dropped.filter((event) => event.event !== 'Spoilt').length, BROWSER_TYPES.length);
  });

  test(`${name}: a secret key in a page is refused before anything is sent`, async () => {
    const prefix = `${slug}exposed`;
    const network = await startNetwork(befriend.url);

    const isRefused = () => network.asked.some((one) => one.status === 403);
    await shop.run(network.url, code(network.url, keys[BRAND].secret, prefix), isRefused).finally(network.stop);

    assert.deepEqual(network.verdicts().filter((status) => status !== 'refused 403'), []);
    assert.deepEqual(listed(prefix).events, []);
  });
}

/** What each example of the documentation stores. */
const DOCUMENTED = {
  'A key, from a shell': null,
  '@segment/analytics-node': ['identify', 'track Order Completed'],
  'segment-analytics-python': ['identify', 'track Order Completed'],
  '@rudderstack/rudder-sdk-node': ['identify', 'track Order Completed'],
  'rudder-sdk-python': ['identify', 'track Order Completed'],
  '@segment/analytics-next': ['page Bread', 'track Product Viewed'],
  '@rudderstack/analytics-js': ['page Bread', 'track Product Viewed'],
  curl: ['track Order Completed'],
  HTTP: ['identify', 'track Order Completed'],
  'Events, from a shell': null,
};

test('every example of the documentation is known here', () => {
  assert.deepEqual(readSnippets().map(({ name }) => name), Object.keys(DOCUMENTED));
});

for (const { name, language, code } of readSnippets()) {
  test(`the documentation's example "${name}" works as it stands`, async () => {
    const filled = fill(code, { url: befriend.url, ...keys[DOCUMENTED_BRAND] });
    const ids = () => listed('', DOCUMENTED_BRAND).events;
    const known = new Set(ids().map((event) => event.message_id));
    const fresh = () => ids().filter((event) => !known.has(event.message_id)).map((event) => `${event.type} ${event.name}`.trim()).sort();

    if (DOCUMENTED[name] === null) {
      for (const line of filled.trim().split('\n')) befriend.cli(...line.split(' ').slice(1));
      return;
    }
    if (filled.includes(keys[DOCUMENTED_BRAND].browser)) {
      await shop.run(befriend.url, filled, () => fresh().length >= DOCUMENTED[name].length);
    } else {
      const printed = await runSnippet(language, filled);
      if (['sh', 'http'].includes(language)) assert.match(printed, /"success":true/);
    }

    assert.deepEqual(fresh(), DOCUMENTED[name]);
  });
}
