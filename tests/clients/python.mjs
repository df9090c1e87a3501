/** A Python of its own with what `requirements.txt` pins. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HERE = import.meta.dirname;

/** Makes it once, and again whenever the pins change; gives the program's path. */
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
