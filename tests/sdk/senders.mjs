/**
 * The SDKs of servers. Each sends one of each call under ids that begin with a prefix, and one event that cannot be
 * stored; each gives what went wrong, as the SDK itself tells it.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import Rudder from '@rudderstack/rudder-sdk-node';
import { Analytics } from '@segment/analytics-node';

export const FLUSH_LIMIT_MS = 60_000;
const HERE = import.meta.dirname;

/** A virtual environment with the pinned packages; made once and kept until the pins change. */
export function preparePython() {
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

const fromPython = (program) => async (host, key, prefix, ...options) => {
  const words = [join(HERE, program), host, key, prefix, ...options];
  const { stdout } = await promisify(execFile)(preparePython(), words, { encoding: 'utf8', timeout: FLUSH_LIMIT_MS });
  return JSON.parse(stdout);
};

async function fromSegmentNode(host, key, prefix) {
  const errors = [];
  const analytics = new Analytics({ writeKey: key, host, maxRetries: 4 });
  analytics.on('error', (error) => errors.push(error));
  sendAll((call, message) => analytics[call](message), prefix);
  await analytics.closeAndFlush({ timeout: FLUSH_LIMIT_MS });
  return errors;
}

async function fromRudderNode(host, key, prefix) {
  const errors = [];
  const options = { dataPlaneUrl: host, flushInterval: 50, logLevel: 'none', errorHandler: (error) => errors.push(error) };
  const analytics = new Rudder(key, options);
  sendAll((call, message) => analytics[call](message), prefix);
  // What is refused is told to the handler and to whoever waits.
  await analytics.flush().catch((error) => errors.push(error));
  return errors;
}

function sendAll(call, prefix) {
  const [userId, anonymousId] = [`${prefix}-user`, `${prefix}-anonymous`];
  call('track', { anonymousId, event: 'Product Viewed', properties: { sku: 'rye' } });
  call('identify', { userId, anonymousId, traits: { name: 'Ada Baker', email: `${prefix}@example.com` } });
  call('track', { userId, event: 'Spoilt', properties: { note: `${prefix}-\0` } });
  call('track', { userId, event: 'Order Completed', properties: { order_id: `${prefix}-1`, total: 31.5 } });
  call('page', { userId, category: 'Shop', name: 'Bread' });
  call('screen', { userId, category: 'Shop', name: 'Basket' });
  call('group', { userId, groupId: `${prefix}-group`, traits: { name: 'Regulars' } });
  call('alias', { userId, previousId: `${prefix}-earlier` });
}

/** Name, how to send, and whether its bodies are packed. */
export const SERVER_SDKS = [
  { name: '@segment/analytics-node', send: fromSegmentNode, packing: undefined },
  { name: 'segment-analytics-python', send: fromPython('send_segment.py'), packing: undefined },
  { name: 'segment-analytics-python, gzip', send: (...words) => fromPython('send_segment.py')(...words, 'gzip'), packing: 'gzip' },
  { name: '@rudderstack/rudder-sdk-node', send: fromRudderNode, packing: 'gzip' },
  { name: 'rudder-sdk-python', send: fromPython('send_rudder.py'), packing: 'gzip' },
];
