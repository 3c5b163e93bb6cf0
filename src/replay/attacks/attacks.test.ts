import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { attackScript } from '../attack-script.ts';
import { WALLS } from '../ground/walls.ts';
import { attackTable } from '../report/attack-table.ts';
import { ATTACKS, PENDING } from './index.ts';

const CASES = ATTACKS.flatMap(({ name, cases }) =>
  cases.map((one) => ({ ...one, name: `${name}/${one.name}` })),
);

/** What must be exercised, each as the beginning of the names of its cases; docs/replay.md says what is not replayed. */
const MUST = `
  runner-memory/ runner-memory/taken-descriptor masked-secrets/base64 masked-secrets/base64-twice masked-secrets/hexadecimal tampered-script/ exfiltration-https/ metadata-service/
  dns-tunnel/TXT dns-tunnel/NULL dns-tunnel/long-labels dns-tunnel/many-questions direct-address/dns-over-https
  direct-address/dns-over-tls direct-address/ipv6 direct-address/udp direct-address/quic direct-address/icmp
  direct-address/another-server-name direct-address/another-host-header daemon/outlives-its-job daemon/outlives-its-step
  persistence/workspace persistence/shell persistence/git-hook persistence/git-configuration event-data-injection/branch
  event-data-injection/title control-removal/sudo control-removal/firewall control-removal/container-service
  control-removal/new-namespaces control-removal/who-ends-first silent-downgrade/ bombs/processes bombs/memory bombs/log
  bombs/bytes bombs/files bombs/time bombs/open-files bombs/zip escape/leaked-descriptor escape/overwritten-runtime
  escape/core-pattern escape/release-agent escape/device-node escape/overlay escape/magic-keys kernel-surface/userfaultfd
  kernel-surface/module kernel-surface/another-kernel kernel-surface/typing shared-objects/system-v-shared-memory
  shared-objects/system-v-queue shared-objects/system-v-semaphore shared-objects/posix-shared-memory
  shared-objects/posix-queue shared-objects/keyring shared-objects/abstract-socket shared-objects/socket-in-a-folder
  injected-agent/ allowed-host/other-path allowed-host/other-method
  allowed-host/dns-over-https allowed-host/other-path-in-tls tampered-script/back-to-its-own-host dns-tunnel/below-a-wildcard
  poisoned-environment/preloaded-library poisoned-environment/preloaded-into-our-tools poisoned-environment/search-path poisoned-environment/shell-start poisoned-environment/options-of-node
  terminal-output/ forged-commands/ applied-changes/workflow applied-changes/git-hook
`
  .trim()
  .split(/\s+/);

const TOP = join(import.meta.dirname, '../../..');

/** Walls that are decisions of our own program, which nothing has to be set up for, and the test that each is made. */
const NEVER_ARMED: Readonly<Record<string, string>> = {
  // Set with the limit of memory, and read back with it (`memoryBytes` of `sandbox/limit-not-held`).
  'socket-limit': 'src/sandbox/oci/shared-counts.test.ts',
  'log-limit': 'test/e2e/limits.test.ts',
  'time-limit': 'test/e2e/limits.test.ts',
  withholding: 'src/secrets/withheld.test.ts',
  masking: 'src/secrets/masker.test.ts',
  'command-rules': 'test/e2e/run.test.ts',
  'visible-output': 'test/e2e/run.test.ts',
  'guarded-record': 'src/audit/record.test.ts',
  'guarded-applying': 'src/sandbox/changes/changes.test.ts',
  'guarded-reading': 'src/engine/repository/hostile-repository.test.ts',
  // What is left is found, and the next run ends it.
  ending: 'test/e2e/crash.test.ts',
  // Without an authority what asks for methods or paths in TLS is refused (`not-readable`).
  'narrowed-entries': 'src/egress/rules.test.ts',
  'own-tools': 'src/replay/attacks/poisoned-environment/attack.ts',
};

describe('the attacks', () => {
  test('are a folder each, with a story, sources that can be opened, and a script where a job runs one', () => {
    const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(ATTACKS.map(({ name }) => name).toSorted()).toEqual(folders.toSorted());
    for (const { name, story, sources, cases } of ATTACKS) {
      if (cases.some((one) => one.workflow === undefined))
        expect(existsSync(attackScript(name)), name).toBe(true);
      expect(story.length, name).toBeGreaterThan(80);
      expect(new Set(cases.map((one) => one.name)).size, name).toBe(cases.length);
      const pages = sources.flatMap(([, page]) => page ?? []);
      expect(pages.length, name).toBeGreaterThan(0);
      for (const page of pages) expect(page).toMatch(/^https:\/\/\S+$/);
    }
    const all = [...ATTACKS, ...PENDING].map(({ name }) => name);
    expect(new Set(all).size).toBe(all.length);
  });

  test('are listed in docs/replay.md as they are (npm run reference writes it)', () => {
    expect(readFileSync(join(TOP, 'docs/replay.md'), 'utf8')).toContain(attackTable(ATTACKS, PENDING));
  });

  test('exercise each control that is asked for', () => {
    const lacking = MUST.filter((wanted) => !CASES.some(({ name }) => name.startsWith(wanted)));
    expect(lacking).toEqual([]);
    expect(CASES.length).toBeGreaterThanOrEqual(200);
  });

  test('each expect an event that says more than that something was started', () => {
    const weak = CASES.filter(({ event }) => /^(?:process|step|job|run)\.started/.test(event.name));
    expect(weak.map(({ name }) => name)).toEqual([]);
  });

  test('leave out each wall in at least one case, so that each is shown to matter', () => {
    const used = new Set<string>(CASES.flatMap(({ without }) => without));
    expect(Object.keys(WALLS).filter((wall) => !used.has(wall))).toEqual([]);
  });

  test('make each wall impossible to arm once; what cannot be, has no arming, and a test of its own', () => {
    const tried = new Set<string>(
      CASES.filter(({ name }) => name.startsWith('silent-downgrade/')).flatMap(({ without }) => without),
    );
    const lacking = Object.keys(WALLS).filter((wall) => !tried.has(wall));
    expect(lacking.toSorted()).toEqual(Object.keys(NEVER_ARMED).toSorted());
    for (const [wall, proof] of Object.entries(NEVER_ARMED))
      expect(existsSync(join(TOP, proof)), `${wall}: ${proof}`).toBe(true);
  });

  test('that do not apply to a runtime say why, and each applies to one', () => {
    for (const { name, notWith = {} } of CASES) {
      for (const why of Object.values(notWith)) expect(why.length, name).toBeGreaterThan(20);
      expect(notWith.runc, name).toBeUndefined();
    }
  });
});
