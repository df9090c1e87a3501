/** Starts the real binary as a demo on free ports with a data folder of its own, and stops it again. */
import { spawn, execFile } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

import { freePort } from '../program/befriend.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const START_LIMIT_MS = 180_000;
const STOP_LIMIT_MS = 20_000;
const LOG_TAIL_LINES = 40;

export const OUT = join(import.meta.dirname, 'out');
mkdirSync(OUT, { recursive: true });

async function answers(url) {
  try {
    return (await fetch(url, { redirect: 'manual' })).status === 200;
  } catch {
    return false;
  }
}

/** The whole demo: `issuer` and `shop` are its two origins. Throws with the end of the log if it will not start. */
export async function startDemo({ host = '127.0.0.1', log: logName = 'server.log' } = {}) {
  const binary = resolve(ROOT, process.env.BEFRIEND_BIN ?? 'target/debug/befriend');
  const data = await mkdtemp(join(tmpdir(), 'befriend-e2e-'));
  const [port, shopPort] = [await freePort(), await freePort()];
  const issuer = `http://${host}:${port}`;
  const shop = `http://127.0.0.1:${shopPort}`;
  const env = { ...process.env, BEFRIEND_DATA_DIR: data, BEFRIEND_LISTEN: `127.0.0.1:${port}`, BEFRIEND_PUBLIC_URL: issuer, BEFRIEND_EGRESS_ALLOWS_PRIVATE: 'true' };
  // The tests want a database of their own: the binary's private cluster, unless one is named for them.
  delete env.DATABASE_URL;
  // Ours, not a setting of Befriend's, which refuses what it does not know.
  delete env.BEFRIEND_BIN;
  if (process.env.E2E_DATABASE_URL) env.DATABASE_URL = process.env.E2E_DATABASE_URL;

  const logPath = join(OUT, logName);
  const log = createWriteStream(logPath);
  const flags = ['demo', '--no-drip', '--people', '300', '--shop-listen', `127.0.0.1:${shopPort}`];
  const child = spawn(binary, flags, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  let ended = null;
  child.once('exit', (code, signal) => { ended = `exit code ${code}, signal ${signal}`; });
  child.once('error', (error) => { ended = String(error); });

  async function stop() {
    if (ended === null) {
      child.kill('SIGTERM');
      const deadline = Date.now() + STOP_LIMIT_MS;
      while (ended === null && Date.now() < deadline) await wait(100);
      if (ended === null) child.kill('SIGKILL');
    }
    await rm(data, { recursive: true, force: true });
  }

  const deadline = Date.now() + START_LIMIT_MS;
  while (!((await answers(`${issuer}/readyz`)) && (await answers(`${shop}/`)))) {
    if (ended !== null || Date.now() > deadline) {
      const why = ended ?? `not ready within ${START_LIMIT_MS} ms`;
      await stop();
      const tail = (await readFile(logPath, 'utf8')).split('\n').slice(-LOG_TAIL_LINES).join('\n');
      throw new Error(`${binary} did not come up: ${why}\n${tail}`);
    }
    await wait(200);
  }

  /** Runs another command of the same binary against the same installation; resolves to its JSON. */
  async function command(...args) {
    const { stdout } = await promisify(execFile)(binary, [...args, '--json'], { cwd: ROOT, env });
    return JSON.parse(stdout);
  }

  return { issuer, shop, command, stop };
}
