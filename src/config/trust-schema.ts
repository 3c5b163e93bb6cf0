import { z } from 'zod';

const PATTERN = /^(?:[A-Za-z0-9*][\w.*/@+=-]{0,199})$/;

function patterns(description: string) {
  const error = 'must be a name or a pattern such as main, release/* or v*';
  return z
    .array(z.string({ error }).regex(PATTERN, { error }))
    .max(100, { error: 'may hold 100 entries' })
    .describe(`${description} \`*\` stands for any text without a slash.`);
}

const ABSOLUTE = /^\/[^\0]{0,4000}$/;

/** A repository whose refs the operator vouches for. */
export const repository = z
  .strictObject({
    name: z
      .string({ error: 'must be OWNER/NAME' })
      .regex(/^[\w.-]{1,100}\/[\w.-]{1,100}$/, { error: 'must be OWNER/NAME' })
      .describe('The repository\u2019s full name, `owner/name`.'),
    path: z
      .string({ error: 'must be an absolute path' })
      .regex(ABSOLUTE, { error: 'must be an absolute path' })
      .describe(
        'The git repository on this machine whose refs you vouch for: a clone or mirror that only you fetch into. ' +
          'A run is held against it only when it is started in this very folder.',
      ),
    remote: z
      .string({ error: 'must be the name of a remote' })
      .regex(/^[A-Za-z0-9][\w.-]{0,99}$/, { error: 'must be the name of a remote' })
      .describe(
        'In a clone that people work in: the remote whose branches are the protected ones (`origin`). Without it the ' +
          'repository\u2019s own branches are, as in a mirror.',
      )
      .optional(),
    protectedBranches: patterns(
      'Branches that only reviewed changes reach. The commit at the tip of one can prove zone internal.',
    ).optional(),
    protectedTags: patterns(
      'Tags that only release managers make. A signed one on the history of a protected branch can prove zone release.',
    ).optional(),
    allowedSigners: z
      .string({ error: 'must be an absolute path' })
      .regex(ABSOLUTE, { error: 'must be an absolute path' })
      .describe(
        'Who may sign a release tag: a file in the format of ssh-keygen(1), ALLOWED SIGNERS. Without it no tag counts as signed.',
      )
      .optional(),
    environments: z
      .array(
        z
          .string({ error: 'must be the name of an environment' })
          .min(1, { error: 'must be the name of an environment' })
          .max(255, { error: 'must be the name of an environment' }),
      )
      .max(100, { error: 'may hold 100 entries' })
      .describe('Protected deployment environments: a job of one that was approved can prove zone release.')
      .optional(),
    policyFrom: z
      .string({ error: 'must be the name of a branch' })
      .regex(/^[A-Za-z0-9][\w./@+=-]{0,199}$/, { error: 'must be the name of a branch' })
      .describe(
        'A protected branch whose `cofferdam.yaml` sets the zones for runs of this repository, within what this file ' +
          'leaves open. Without it the repository\u2019s file can only narrow.',
      )
      .optional(),
  })
  .describe('One repository that you vouch for.');
