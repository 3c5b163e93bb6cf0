// Runs `check` of a bundled build over workflows, and keeps the code that V8 made of what ran: usage FOLDER-OF-THE-BUILD.
// Run with the flags that the launcher gives to check, as V8 takes code only with the same.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Writable } from 'node:stream';
import { writeCorpus } from '../bench/workflow-corpus.ts';

const folder = resolve(process.argv[2]);
const bundle = join(folder, 'cli-commands-check.cjs');
const { exportsOf, scriptOf } = await import(join(folder, 'cli-commands-check.mjs'));
const script = scriptOf(bundle);
const { command } = exportsOf(script, bundle);
const repository = mkdtempSync(join(tmpdir(), 'cofferdam-compile-'));
try {
  writeCorpus(repository, 40);
  const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const status = await command.run({
    args: ['--no-cache', repository],
    environment: {},
    directory: repository,
    stdin: process.stdin,
    stdout: nowhere(),
    stderr: nowhere(),
    onSignal: () => () => undefined,
  });
  if (status !== 1) throw new Error(`check ended with ${status} while it was compiled`);
  writeFileSync(join(folder, 'cli-commands-check.code'), script.createCachedData());
} finally {
  rmSync(repository, { recursive: true });
}
