/** Starts the real program with a database of its own, and stops it again. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const ROOT = resolve(import.meta.dirname, '../..');
const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 30_000;

/** A port of this machine that nobody listens on. */
export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((ready) => probe.once('listening', ready));
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  return port;
}

async function answers(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

/** `befriend serve` on a free port. `settings` are added to its environment. */
export async function startBefriend(settings = {}) {
  const binary = resolve(ROOT, process.env.BEFRIEND_BIN ?? 'target/debug/befriend');
  const data = mkdtempSync(join(tmpdir(), 'befriend-program-'));
  const listen = `127.0.0.1:${await freePort()}`;
  const url = `http://${listen}`;
  const env = {
    ...process.env,
    BEFRIEND_DATA_DIR: data,
    BEFRIEND_LISTEN: listen,
    BEFRIEND_PUBLIC_URL: url,
    BEFRIEND_LOG: 'warn',
    ...settings,
  };
  delete env.DATABASE_URL;
  // Ours, not a setting of Befriend's, which refuses what it does not know.
  delete env.BEFRIEND_BIN;
  let log = '';
  const child = spawn(binary, ['serve'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { log += text; });
  const ended = new Promise((done) => child.once('exit', done));

  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await answers(`${url}/readyz`))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`befriend did not start:\n${log}`);
    await wait(50);
  }
  return {
    url,
    log: () => log,
    /** Runs a command of the program beside the running service; gives what it prints as JSON. */
    cli(...words) {
      return JSON.parse(execFileSync(binary, [...words, '--json'], { cwd: ROOT, env, encoding: 'utf8' }));
    },
    /** Asks it to stop, and sees to it that it does. */
    async stop() {
      child.kill('SIGTERM');
      await Promise.race([ended, wait(STOP_LIMIT_MS, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
      await rm(data, { recursive: true, force: true });
    },
  };
}
