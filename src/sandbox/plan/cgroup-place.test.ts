import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { groupParent, ownGroup } from './cgroup-place.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'groups-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function parentFor(own: string, delegates: boolean): string {
  return groupParent({ root, own, delegated: () => delegates });
}

describe('the control groups of sandboxes are made', () => {
  test('in the subtree of our own service when systemd gives it to the service', () => {
    mkdirSync(join(root, 'system.slice/ci@1.service/worker'), { recursive: true });
    expect(parentFor('/system.slice/ci@1.service', true)).toBe('/system.slice/ci@1.service/cofferdam');
    expect(parentFor('/system.slice/ci@1.service/worker', true)).toBe('/system.slice/ci@1.service/cofferdam');
  });

  test('in a group of our own in a session, a service that was given nothing, and a container', () => {
    mkdirSync(join(root, 'system.slice/ci.service'), { recursive: true });
    mkdirSync(join(root, 'user.slice/user-0.slice/user@0.service/app.slice'), { recursive: true });
    expect(parentFor('/system.slice/ci.service', false)).toBe('/cofferdam');
    for (const own of [
      '/',
      '/user.slice/user-0.slice/session-1.scope',
      '/user.slice/user-0.slice/user@0.service/app.slice',
    ])
      expect(parentFor(own, true)).toBe('/cofferdam');
  });

  test('never along a name that leads elsewhere, or one that is not in this hierarchy', () => {
    mkdirSync(join(root, 'x'));
    for (const own of [
      '/x/../../etc/a.service',
      '/../a.service',
      '/gone.slice/a.service',
      'a.service',
      '/x/$(id).service',
    ])
      expect(parentFor(own, true)).toBe('/cofferdam');
  });

  test('as read from what the kernel says of ourselves, whichever hierarchies there are', () => {
    expect(ownGroup('0::/system.slice/ci.service\n')).toBe('/system.slice/ci.service');
    expect(ownGroup('12:pids:/x\n1:name=systemd:/\n0::/y\n')).toBe('/y');
    for (const text of [undefined, '', '12:pids:/x\n']) expect(ownGroup(text)).toBe('/');
  });
});
