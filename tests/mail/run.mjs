/**
 * Mail handed to `smtp-server`, which is not ours: with TLS from the start and after STARTTLS, with a password, and
 * not at all where a certificate cannot be trusted.
 */
import { test, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { SMTPServer } from 'smtp-server';

const ROOT = resolve(import.meta.dirname, '../..');
const BINARY = resolve(ROOT, process.env.BEFRIEND_BIN ?? 'target/debug/befriend');
const NAME = 'befriend@bellmoor.example';
const PASSWORD = 'p:ä/ and more';

let folder;
let certificate;
const servers = {};
const taken = [];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'befriend-mail-'));
  certificate = join(folder, 'certificate.pem');
  const key = join(folder, 'key.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
    '-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'extendedKeyUsage=serverAuth',
    '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const tls = { key: readFileSync(key), cert: readFileSync(certificate) };
  servers.smtps = await listen({ ...tls, secure: true });
  servers.starttls = await listen({ ...tls, secure: false });
});

after(async () => {
  for (const { server } of Object.values(servers)) await new Promise((closed) => server.close(closed));
  await rm(folder, { recursive: true, force: true });
});

async function listen(options) {
  const server = new SMTPServer({
    ...options,
    logger: false,
    onAuth({ username, password }, session, done) {
      const fits = username === NAME && password === PASSWORD && session.secure;
      done(fits ? null : new Error('no'), { user: username });
    },
    onRcptTo({ address }, session, done) {
      if (address.startsWith('nobody@')) return done(Object.assign(new Error('no such box'), { responseCode: 550 }));
      return done();
    },
    onData(stream, session, done) {
      let text = '';
      // The server forgets it when the mail is over.
      const { mailFrom, rcptTo } = session.envelope;
      stream.on('data', (part) => { text += part; });
      stream.on('end', () => { taken.push({ text, session, mailFrom, rcptTo }); done(); });
    },
  });
  server.on('error', () => {});
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { server, port: server.server.address().port };
}

/** Runs `befriend mail test`; gives its exit code and what it printed. */
function send(scheme, { password = PASSWORD, to = 'mara@x.example', trusted = true } = {}) {
  const login = `${encodeURIComponent(NAME)}:${encodeURIComponent(password)}`;
  const env = {
    ...process.env,
    BEFRIEND_DATA_DIR: folder,
    BEFRIEND_SMTP_URL: `${scheme}://${login}@localhost:${servers[scheme].port}`,
    BEFRIEND_MAIL_FROM: 'no-reply@bellmoor.example',
    ...(trusted ? { SSL_CERT_FILE: certificate } : {}),
  };
  delete env.BEFRIEND_BIN;
  delete env.DATABASE_URL;
  const child = spawn(BINARY, ['mail', 'test', '--to', to, '--json'], { env, cwd: ROOT });
  let out = '';
  let log = '';
  child.stdout.on('data', (text) => { out += text; });
  child.stderr.on('data', (text) => { log += text; });
  return new Promise((done) => {
    child.once('close', (code) => done({ code, log: log + out, ...(out ? JSON.parse(out) : {}) }));
  });
}

for (const scheme of ['smtps', 'starttls']) {
  test(`${scheme}: a mail arrives, signed in and encrypted`, async () => {
    taken.length = 0;

    const sent = await send(scheme);

    assert.equal(sent.code, 0, sent.log);
    assert.equal(taken.length, 1);
    const [{ text, session, mailFrom, rcptTo }] = taken;
    assert.equal(session.secure, true);
    assert.equal(session.user, NAME);
    assert.equal(mailFrom.address, 'no-reply@bellmoor.example');
    assert.deepEqual(rcptTo.map(({ address }) => address), ['mara@x.example']);
    assert.match(text, /^From: "?Befriend"? <no-reply@bellmoor\.example>\r$/m);
    assert.match(text, /^Message-ID: <mal_[0-9a-f]{32}@bellmoor\.example>\r$/m);
    assert.match(text, /^Content-Type: multipart\/alternative;/m);
  });

  test(`${scheme}: nothing is sent to a server whose certificate nobody vouches for`, async () => {
    taken.length = 0;

    const sent = await send(scheme, { trusted: false });

    assert.deepEqual([sent.code, sent.taken, taken.length], [3, false, 0], sent.log);
    assert.match(sent.reason, /certificate/i);
  });

  test(`${scheme}: a wrong password and a box that is not there are told, and no password is`, async () => {
    taken.length = 0;

    const wrong = await send(scheme, { password: 'hunter2-hunter2' });
    const nobody = await send(scheme, { to: 'nobody@x.example' });

    assert.deepEqual([wrong.code, wrong.taken], [3, false], wrong.log);
    assert.match(wrong.reason, /535/);
    assert.doesNotMatch(wrong.log, /hunter2/);
    assert.deepEqual([nobody.code, nobody.taken, taken.length], [3, false, 0], nobody.log);
    assert.match(nobody.reason, /550/);
  });
}
