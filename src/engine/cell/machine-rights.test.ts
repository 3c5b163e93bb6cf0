import { describe, expect, it } from 'vitest';
import { lackOfRights } from './machine-rights.ts';

const status = (effective: string) => () => `Name:\tnode\nCapInh:\t0000000000000000\nCapEff:\t${effective}\n`;

describe('the rights to make a sandbox', () => {
  it('are those of the machine’s root', () => {
    expect(lackOfRights(status('000001ffffffffff'))).toBeUndefined();
  });

  it('are not those of a container’s root, which is told what it lacks', () => {
    // What Docker gives when nothing is said.
    expect(lackOfRights(status('00000000a80425fb'))).toMatchObject({
      kind: 'machine',
      rule: 'machine/capabilities',
      why: expect.stringMatching(/it lacks CAP_NET_ADMIN, CAP_SYS_PTRACE, CAP_SYS_ADMIN$/),
    });
  });

  it('are absent where the kernel does not tell', () => {
    expect(lackOfRights(() => '')).toMatchObject({ rule: 'machine/capabilities' });
  });
});
