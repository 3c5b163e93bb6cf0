import { z } from 'zod';

const ABSOLUTE = /^\/[^\0]{0,4000}$/;

/** Who must approve that a later version of the file allows more. */
export const policyChanges = z
  .strictObject({
    approvers: z
      .string({ error: 'must be an absolute path' })
      .regex(ABSOLUTE, { error: 'must be an absolute path' })
      .describe('Who may approve: a file in the format of ssh-keygen(1), ALLOWED SIGNERS.'),
    required: z
      .int({ error: 'must be a whole number from 1 to 10' })
      .min(1, { error: 'must be a whole number from 1 to 10' })
      .max(10, { error: 'must be a whole number from 1 to 10' })
      .describe('How many of them must; 1 when it is left out.')
      .optional(),
  })
  .describe(
    'Who must approve a change of this file that allows more, for `cofferdam policy diff` (docs/policy.md). The file as it was ' +
      'before the change says it, never the changed one.',
  );
