import { z } from 'zod';

const NAME = 'must be owner/name, or * for all';

/** Where `cofferdam lock` finds the repositories of actions. */
export const lockSettings = z
  .strictObject({
    mirrors: z
      .record(
        z.string({ error: NAME }).regex(/^(?:\*|[A-Za-z0-9][\w.-]{0,99}\/[\w.-]{1,100})$/, { error: NAME }),
        z
          .string({ error: 'must be a folder (from /) or an https:// address without a password' })
          .regex(/^(?:\/|https:\/\/)[^\s@]{1,1000}$/, {
            error: 'must be a folder (from /) or an https:// address without a password',
          }),
      )
      .describe(
        'Where a repository of actions is read from instead of github.com: by `owner/name` the repository itself, by `*` what has ' +
          '`owner/name` below it. A folder or an https:// address.',
      )
      .optional(),
  })
  .describe('`cofferdam lock` (docs/lock.md). Only the operator\u2019s file may hold it.');
