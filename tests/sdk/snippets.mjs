/** The examples in docs/events.md, taken out of it and run: what an outsider copies must work. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { preparePython } from './senders.mjs';

const HERE = import.meta.dirname;
const DOCS = resolve(HERE, '../../docs/events.md');
const LIMIT_MS = 30_000;
const run = promisify(execFile);

/** Every example: the line in bold above it, its language and its text. Answers and diagrams have no name. */
export function readSnippets() {
  const text = readFileSync(DOCS, 'utf8');
  return [...text.matchAll(/^\*\*`?([^*\n]+?)`?\*\*[^\n]*\n\n```(\w+)\n(.*?)^```$/gms)].map(([, name, language, code]) => ({ name, language, code }));
}

/** The example with a real host and real keys. */
export function fill(code, { url, secret, browser }) {
  return code
    .replaceAll('https://id.brand.example', url)
    .replaceAll('id.brand.example', new URL(url).host)
    .replaceAll('bf_sec_…', secret)
    .replaceAll('bf_pub_…', browser);
}

/** Runs an example of a server; gives what it prints. */
export async function runSnippet(language, code) {
  const options = { cwd: HERE, timeout: LIMIT_MS, encoding: 'utf8' };
  switch (language) {
    case 'js': {
      // Beside the packages that it imports.
      const folder = join(HERE, 'node_modules', '.snippets');
      mkdirSync(folder, { recursive: true });
      const path = join(folder, 'snippet.mjs');
      writeFileSync(path, code);
      const { stdout } = await run(process.execPath, [path], options);
      rmSync(folder, { recursive: true });
      return stdout;
    }
    case 'python':
      return (await run(preparePython(), ['-c', code], options)).stdout;
    case 'sh':
      return (await run('bash', ['-euc', code], options)).stdout;
    case 'http':
      return sendRaw(code);
    default:
      throw new Error(`nobody knows how to run ${language}`);
  }
}

/** An HTTP request as it stands, less the length and the end that a client adds. */
async function sendRaw(code) {
  const [head, body] = code.trimEnd().split('\n\n');
  const { 1: host } = /^Host: (.+)$/m.exec(head);
  const [name, port] = host.split(':');
  const lines = [...head.split('\n'), `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'];
  const socket = connect(Number(port), name);
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}
