import { describe, expect, test } from 'vitest';
import type { KvmVerdict } from './kvm-verdict.ts';
import { settleAcceleration } from './settle-acceleration.ts';

const never = (): Promise<KvmVerdict> => Promise.reject(new Error('tried'));
const works = (): Promise<KvmVerdict> => Promise.resolve({ usable: true });
const hangs = (): Promise<KvmVerdict> => Promise.resolve({ usable: false, why: 'it hangs' });

describe('how a machine is run', () => {
  test('is by KVM where it works and nobody asks for anything else', async () => {
    expect(await settleAcceleration('auto', 'untrusted', works)).toEqual({
      ok: true,
      value: { acceleration: 'kvm' },
    });
    expect(await settleAcceleration('kvm', 'untrusted', works)).toEqual({
      ok: true,
      value: { acceleration: 'kvm' },
    });
  });

  test('is never by another way than the one that was asked for', async () => {
    expect(await settleAcceleration('kvm', 'internal', hangs)).toMatchObject({
      ok: false,
      error: {
        kind: 'machine',
        rule: 'microvm/no-kvm',
        why: 'zone internal asks for KVM, and it does not work here: it hangs',
        fix: expect.stringContaining('zones.internal.isolation.microvm.acceleration: auto'),
      },
    });
  });

  test('is translated with the reason where KVM does not work, and without a try where that was asked for', async () => {
    expect(await settleAcceleration('auto', 'untrusted', hangs)).toEqual({
      ok: true,
      value: { acceleration: 'tcg', notKvm: 'it hangs' },
    });
    expect(await settleAcceleration('tcg', 'untrusted', never)).toMatchObject({
      ok: true,
      value: { acceleration: 'tcg' },
    });
  });
});
