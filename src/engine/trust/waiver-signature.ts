import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import { type Configuration, readOperatorFile, type Waiver } from '../../config/index.ts';
import { waiverFor, type WaiverSubject, waiverText } from '../../zone/index.ts';
import { sshSigner } from './ssh-signature.ts';

/** So that a signature over a tag or a file is none over a waiver. */
export const WAIVER_NAMESPACE = 'cofferdam-waiver';

/** A waiver that holds, as the record names it. */
export interface HeldWaiver {
  readonly reason: string;
  readonly expires: string;
  readonly pool: string;
  readonly signedBy: string;
}

/** The waiver by which a job runs privileged, signed by somebody whom the operator's file names; or why there is none. */
export async function heldWaiver(
  configuration: Pick<Configuration, 'waivers' | 'pool' | 'waiverSigners'> | undefined,
  subject: WaiverSubject,
  now: Date,
): Promise<Result<HeldWaiver, Refusal>> {
  const found = waiverFor(configuration, subject, now);
  if (!found.ok) return found;
  const by = await waiverSigner(found.value, configuration?.waiverSigners);
  if (!by.ok) {
    return err(
      refusal(
        'policy',
        'waiver/signature',
        by.error,
        'have it signed by a key of waiverSigners: cofferdam policy waivers prints the text and the command',
      ),
    );
  }
  const { reason, expires, pool } = found.value;
  return ok({ reason, expires, pool, signedBy: by.value });
}

/** Who signed a waiver, or why that cannot be told. The file of signers must be the operator's own, as his configuration. */
export async function waiverSigner(
  waiver: Waiver,
  signersPath: string | undefined,
): Promise<Result<string, string>> {
  if (waiver.signature === undefined) return err('it is not signed');
  if (signersPath === undefined) return err('waiverSigners names nobody who may sign');
  const signers = await readOperatorFile(signersPath);
  if (!signers.ok) return err(signers.error.why);
  if (signers.value === undefined) return err(`there is no file ${signersPath}`);
  const signature = `${waiver.signature.trim().replaceAll(/\n +/g, '\n')}\n`;
  return sshSigner(
    Buffer.from(waiverText(waiver)),
    Buffer.from(signature),
    Buffer.from(signers.value),
    WAIVER_NAMESPACE,
    'waiver',
  );
}
