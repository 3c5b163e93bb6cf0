import { z } from 'zod';

const rules = z
  .array(
    z
      .string({ error: 'must be the name of a rule of `cofferdam check`' })
      .regex(/^[a-z][a-z0-9-]{1,60}$/, { error: 'must be the name of a rule of `cofferdam check`' }),
  )
  .max(100, { error: 'may hold 100 entries' });

const DAY = /^20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$/;

const findingSetting = z
  .strictObject({
    rules: z
      .array(
        z
          .string({ error: 'must be the name of a rule of `cofferdam check`' })
          .regex(/^(?:own\/)?[a-z][a-z0-9-]{1,60}$/, {
            error: 'must be the name of a rule of `cofferdam check`',
          }),
      )
      .min(1, { error: 'must name a rule' })
      .max(100, { error: 'may hold 100 entries' })
      .describe('The rules that are meant; `own/ID` for one of your own.'),
    severity: z
      .enum(['off', 'info', 'low', 'medium', 'high'])
      .describe('What their findings weigh; `off` waives them, and needs a reason and a day.'),
    paths: z
      .array(
        z
          .string({ error: 'must be a pattern as in CODEOWNERS' })
          .min(1, { error: 'must be a pattern as in CODEOWNERS' })
          .max(300, { error: 'is too long' }),
      )
      .min(1, { error: 'must name a path' })
      .max(100, { error: 'may hold 100 entries' })
      .describe('Only in these files, by patterns as in CODEOWNERS; all when it is left out.')
      .optional(),
    reason: z
      .string({ error: 'must say why' })
      .min(10, { error: 'must say why, in 10 characters or more' })
      .max(500, { error: 'is too long' })
      .describe('Why.')
      .optional(),
    until: z
      .string({ error: 'must be a day such as 2027-01-31' })
      .regex(DAY, { error: 'must be a day such as 2027-01-31' })
      .describe('The last day, in UTC. Past it the entry does not count, and that is a finding.')
      .optional(),
  })
  .superRefine(({ severity, reason, until }, context) => {
    if (severity !== 'off') return;
    if (reason === undefined)
      context.addIssue({ code: 'custom', path: ['reason'], message: 'must say why the findings are waived' });
    if (until === undefined)
      context.addIssue({
        code: 'custom',
        path: ['until'],
        message: 'must say until which day they are waived',
      });
  })
  .describe('What findings of some rules weigh in `cofferdam check`.');

/** What the findings of some rules weigh. */
export type FindingSetting = z.output<typeof findingSetting>;
const patterns = z
  .array(
    z
      .string({ error: 'must be owner/name, owner/name/path, owner/* or *, with @ref behind it if need be' })
      .regex(
        /^(?:\*|[A-Za-z0-9][\w.-]{0,99}\/(?:\*|[\w.-]{1,100}(?:\/[\w.*-]{1,100}){0,10}))(?:@[^\s@]{1,255})?$/,
        {
          error: 'must be owner/name, owner/name/path, owner/* or *, with @ref behind it if need be',
        },
      ),
  )
  .max(1_000, { error: 'may hold 1000 entries' });

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
    findings: z
      .array(findingSetting)
      .max(200, { error: 'may hold 200 entries' })
      .describe(
        'What findings weigh in `cofferdam check`; of several entries for one finding the last counts. Where the operator’s file has one, ' +
          'the repository’s can only make it heavier. No entry counts for `run`.',
      )
      .optional(),
    uses: z
      .strictObject({
        allow: patterns
          .describe(
            'What may be used: `owner/name`, `owner/*`, `*`, with `@ref` if only that is meant. Left out: anything.',
          )
          .optional(),
        deny: patterns.describe('What may not be used, also where `allow` has it.').optional(),
      })
      .describe(
        'Actions and called workflows of other repositories that may be used (rule `forbidden-uses`). The operator\u2019s list and the ' +
          'repository\u2019s own both hold: a repository can only forbid more.',
      )
      .optional(),
  })
  .describe('The gate before a run (guide §7).');
