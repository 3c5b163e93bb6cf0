import { writeFileSync } from 'node:fs';
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
