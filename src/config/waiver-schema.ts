import { z } from 'zod';

const ABSOLUTE = /^\/[^\0]{0,4000}$/;
const POOL = /^[a-z][a-z0-9-]{0,62}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const SIGNATURE =
  /^\s{0,20}-----BEGIN SSH SIGNATURE-----\n[A-Za-z0-9+/=\n ]{1,4000}-----END SSH SIGNATURE-----\s{0,20}$/;

function text(message: string, pattern: RegExp) {
  return z.string({ error: message }).regex(pattern, { error: message });
}

/** The name of a pool of machines. */
export const pool = text('must be a name such as image-builders', POOL);

export const waiver = z
  .strictObject({
    kind: z
      .literal('privileged', { error: 'must be privileged' })
      .describe('What is waived: the job runs with the profile `privileged` (docs/profiles.md).'),
    repository: text('must be OWNER/NAME', /^[\w.-]{1,100}\/[\w.-]{1,100}$/).describe(
      'The repository, by its name in `trust.repositories`.',
    ),
    workflow: text('must be a path such as .github/workflows/ci.yml', /^[\w./-]{1,300}$/).describe(
      'The workflow\u2019s file in the repository.',
    ),
    job: text('must be the id of a job', /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/).describe('The job\u2019s id.'),
    zone: z
      .enum(['internal', 'release'], { error: 'must be internal or release: never untrusted' })
      .describe('The zone that the job must be in. There is no waiver for zone untrusted.'),
    pool: pool.describe('The pool of machines that may run it; a machine says its own with `pool`.'),
    reason: z
      .string({ error: 'must say why, in 20 to 1000 characters' })
      .min(20, { error: 'must say why, in 20 to 1000 characters' })
      .max(1_000, { error: 'must say why, in 20 to 1000 characters' })
      .describe('Why nothing less will do, and what is being done about it.'),
    expires: text('must be a time such as 2026-12-31T00:00:00Z', TIME).describe(
      'When it ends, at most 90 days ahead.',
    ),
    signature: text('must be an SSH signature, as ssh-keygen -Y sign makes one', SIGNATURE)
      .describe('Over the text that `cofferdam policy waivers` prints, by a key of `waiverSigners`.')
      .optional(),
  })
  .describe('One job that may run with less than a sandbox, for a while, because somebody signed for it.');

export const waiverSigners = text('must be an absolute path', ABSOLUTE).describe(
  'Who may sign waivers: a file in the format of ssh-keygen(1), ALLOWED SIGNERS. Without it no waiver counts.',
);
