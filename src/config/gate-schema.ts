import { z } from 'zod';

const rules = z
  .array(
    z
      .string({ error: 'must be the name of a rule of `cofferdam check`' })
      .regex(/^[a-z][a-z0-9-]{1,60}$/, { error: 'must be the name of a rule of `cofferdam check`' }),
  )
  .max(100, { error: 'may hold 100 entries' });

/** What the gate refuses before a run. */
export const gateSettings = z
  .strictObject({
    refuse: z
      .strictObject({
        untrusted: rules.describe('Rules of runs in zone untrusted; none when it is left out.').optional(),
        internal: rules.describe('Rules of runs in zone internal.').optional(),
        release: rules.describe('Rules of runs in zone release.').optional(),
      })
      .describe(
        'Rules of `cofferdam check` by zone: a job with a finding of severity high by one of them is not started, and the run is refused. ' +
          'The operator\u2019s list takes the place of the default (docs/check.md); a repository\u2019s own file can only add.',
      )
      .optional(),
  })
  .describe('The gate before a run (guide §7).');
