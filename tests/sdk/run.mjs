/**
 * Unmodified SDKs that people already use, pointed at Befriend: every call arrives, as what it was, exactly once, under
 * the right person, even when answers get lost on the way back.
 */
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Analytics } from '@segment/analytics-node';

import { startBefriend } from '../program/befriend.mjs';
import { startBadNetwork } from './proxy.mjs';

const BRAND = 'bakery';
const FLUSH_LIMIT_MS = 60_000;
const TYPES = ['alias', 'group', 'identify', 'page', 'screen', 'track', 'track'];
const HERE = import.meta.dirname;

let befriend;
let python;
const keys = {};

before(async () => {
  python = preparePython();
  befriend = await startBefriend();
  befriend.cli('brand', 'create', '--slug', BRAND, '--name', 'Bellmoor Bakery');
  for (const kind of ['secret', 'browser']) {
    keys[kind] = befriend.cli('key', 'create', '--brand', BRAND, '--kind', kind, '--name', kind).key;
  }
});

after(async () => {
  await befriend?.stop();
});

/** A virtual environment with the pinned packages; made once and kept until the pins change. */
function preparePython() {
  const folder = join(HERE, '.venv');
  const pins = readFileSync(join(HERE, 'requirements.txt'), 'utf8');
  const stamp = join(folder, 'pins.txt');
  const program = join(folder, 'bin', 'python');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== pins) {
    execFileSync('python3', ['-m', 'venv', '--clear', folder]);
    const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r'];
    execFileSync(program, [...words, join(HERE, 'requirements.txt')], { stdio: ['ignore', 'inherit', 'inherit'] });
    writeFileSync(stamp, pins);
  }
  return program;
}

/** One of each call through the Node SDK; gives what went wrong. */
async function sendFromNode(host, key, prefix) {
  const errors = [];
  const analytics = new Analytics({ writeKey: key, host, maxRetries: 5 });
  analytics.on('error', (error) => errors.push(error));
  const [userId, anonymousId] = [`${prefix}-user`, `${prefix}-anonymous`];
  analytics.track({ anonymousId, event: 'Product Viewed', properties: { sku: 'rye' } });
  analytics.identify({ userId, anonymousId, traits: { name: 'Ada Baker', email: `${prefix}@example.com` } });
  analytics.track({ userId, event: 'Order Completed', properties: { order_id: `${prefix}-1`, total: 31.5 } });
  analytics.page({ userId, category: 'Shop', name: 'Bread' });
  analytics.screen({ userId, category: 'Shop', name: 'Basket' });
  analytics.group({ userId, groupId: `${prefix}-group`, traits: { name: 'Regulars' } });
  analytics.alias({ userId, previousId: `${prefix}-earlier` });
  await analytics.closeAndFlush({ timeout: FLUSH_LIMIT_MS });
  return errors;
}

/** The same through the Python SDK. */
async function sendFromPython(host, key, prefix, ...options) {
  const words = [join(HERE, 'send.py'), host, key, prefix, ...options];
  const { stdout } = await promisify(execFile)(python, words, { encoding: 'utf8', timeout: FLUSH_LIMIT_MS });
  return JSON.parse(stdout);
}

/** What Befriend holds of a sender, and what it did not store. */
function listed(prefix) {
  const all = befriend.cli('events', 'list', '--brand', BRAND, '--limit', '1000');
  const isOurs = (event) => JSON.stringify(event).includes(`${prefix}-`);
  return { events: all.events.filter(isOurs), rejects: all.rejects };
}

function checkStored(prefix, { trusted }) {
  const { events } = listed(prefix);
  assert.deepEqual(events.map((event) => event.type).sort(), TYPES);
  assert.equal(new Set(events.map((event) => event.message_id)).size, TYPES.length);
  assert.ok(events.every((event) => event.trusted === trusted), JSON.stringify(events));
  const order = events.find((event) => event.name === 'Order Completed');
  assert.equal(order.payload.properties.total, 31.5);
  assert.ok(order.payload.context.library.name, 'the SDK says what it is');
  const age = Date.now() - Date.parse(order.event_time);
  assert.ok(age >= 0 && age < FLUSH_LIMIT_MS, `an event time ${age} ms ago`);
  assert.deepEqual(events.flatMap((event) => event.flags).filter((flag) => flag !== 'user_id_unproven'), []);
  return events;
}

for (const [name, send] of [
  ['@segment/analytics-node', sendFromNode],
  ['segment-analytics-python', sendFromPython],
  ['segment-analytics-python with gzip', (...words) => sendFromPython(...words, 'gzip')],
]) {
  const slug = name.replaceAll(/[^a-z]+/g, '');

  test(`${name}: every call is stored as what it was, under one person`, async () => {
    const prefix = `${slug}plain`;

    const errors = await send(befriend.url, keys.secret, prefix);

    assert.deepEqual(errors, []);
    const events = checkStored(prefix, { trusted: true });
    assert.equal(new Set(events.map((event) => event.person_id)).size, 1, 'the anonymous visit is the same person\'s');
    assert.ok(events.filter((event) => event.identifies).length >= TYPES.length - 1);
  });

  test(`${name}: answers that get lost are asked for again, and nothing is stored twice`, async () => {
    const prefix = `${slug}lost`;
    const network = await startBadNetwork(befriend.url, 2);

    const errors = await send(network.url, keys.secret, prefix);

    await network.stop();
    assert.deepEqual(errors, []);
    const packing = name.endsWith('gzip') ? 'gzip' : undefined;
    assert.ok(network.seen.every((request) => request.headers['content-encoding'] === packing));
    assert.ok(network.seen.length >= 3, `${network.seen.length} requests`);
    assert.ok(network.seen.every((request) => request.status === 200), JSON.stringify(network.seen));
    checkStored(prefix, { trusted: true });
    const verdicts = network.seen.flatMap((request) => JSON.parse(request.body).verdicts.map((verdict) => verdict.status));
    assert.equal(verdicts.filter((status) => status === 'accepted').length, TYPES.length);
    assert.ok(verdicts.filter((status) => status === 'duplicate').length >= 2, verdicts.join());
    assert.equal(verdicts.filter((status) => status === 'conflict').length, 0, 'a retry is the same event to the byte');
  });

  test(`${name}: a key that anyone can copy is not believed`, async () => {
    const prefix = `${slug}page`;

    const errors = await send(befriend.url, keys.browser, prefix);

    assert.deepEqual(errors, []);
    const events = checkStored(prefix, { trusted: false });
    assert.ok(events.every((event) => !event.identifies));
  });

  test(`${name}: a wrong key is told at once and nothing is stored`, async () => {
    const prefix = `${slug}wrong`;
    const started = Date.now();

    const errors = await send(befriend.url, `${keys.secret.slice(0, -4)}AAAA`, prefix);

    assert.ok(errors.length > 0, 'the SDK says so');
    assert.ok(Date.now() - started < FLUSH_LIMIT_MS / 2, 'it does not try for ever');
    assert.deepEqual(listed(prefix).events, []);
  });
}
