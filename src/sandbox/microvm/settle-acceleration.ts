import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { AskedAcceleration } from '../../config/index.ts';
import type { KvmVerdict } from './kvm-verdict.ts';

/** How a machine is run, and why not by KVM. */
export type SettledAcceleration =
  | { readonly acceleration: 'kvm' }
  | { readonly acceleration: 'tcg'; readonly notKvm: string };

/**
 * What the operator's wish and the machine come to. `verdict` is asked for only where KVM may be used at all. A wish for KVM
 * that cannot be met is a refusal; without a wish the machine is translated and says why.
 */
export async function settleAcceleration(
  asked: AskedAcceleration,
  zone: string,
  verdict: () => Promise<KvmVerdict>,
): Promise<Result<SettledAcceleration, Refusal>> {
  if (asked === 'tcg') return ok({ acceleration: 'tcg', notKvm: 'the operator\u2019s file asks for tcg' });
  const found = await verdict();
  if (found.usable) return ok({ acceleration: 'kvm' });
  if (asked === 'auto') return ok({ acceleration: 'tcg', notKvm: found.why });
  return err(
    refusal(
      'machine',
      'microvm/no-kvm',
      `zone ${zone} asks for KVM, and it does not work here: ${found.why}`,
      `mend it and run cofferdam doctor, which tries it again; or zones.${zone}.isolation.microvm.acceleration: auto in your cofferdam.yaml`,
    ),
  );
}
