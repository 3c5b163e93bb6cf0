import { z } from 'zod';

const RULE_POINTS = ['before', 'during', 'after'] as const;

const rule = z
  .strictObject({
    id: z
      .string({ error: 'must be a name of small letters, digits and dashes' })
      .regex(/^[a-z][a-z0-9-]{1,60}$/, { error: 'must be a name of small letters, digits and dashes' })
      .describe('Its name, as findings and refusals tell it: `own/ID`.'),
    at: z
      .array(z.enum(RULE_POINTS, { error: 'must be before, during or after' }))
      .min(1, { error: 'must name a point: before, during or after' })
      .max(3)
      .describe(
        'When it decides: `before` a job starts (and in `cofferdam check`), `during` it at each connection that is otherwise allowed, ' +
          '`after` it has ended.',
      ),
    deny: z
      .string({ error: 'must be an expression in CEL' })
      .min(1, { error: 'must be an expression in CEL' })
      .max(4_000, { error: 'is too long' })
      .describe(
        'An expression in CEL over the document of docs/custom-rules.md: true denies. One that cannot be decided denies.',
      ),
    why: z
      .string({ error: 'must say why' })
      .min(3, { error: 'must say why' })
      .max(500, { error: 'is too long' })
      .describe('What is wrong then, in a sentence.'),
    fix: z
      .string({ error: 'must say what mends it' })
      .max(500, { error: 'is too long' })
      .describe('What mends it.')
      .optional(),
    severity: z
      .enum(['low', 'medium', 'high'])
      .describe(
        'Of its finding in `cofferdam check`; high when it is left out. A run is refused at every severity.',
      )
      .optional(),
  })
  .describe('One rule. It can only deny.');

/** Rules of one's own. */
export const customRules = z
  .array(rule)
  .max(100, { error: 'may hold 100 entries' })
  .superRefine((rules, context) => {
    const seen = new Set<string>();
    rules.forEach(({ id }, index) => {
      if (seen.has(id))
        context.addIssue({ code: 'custom', path: [index, 'id'], message: 'is the name of another rule' });
      seen.add(id);
    });
  })
  .describe(
    'Rules of one’s own, written in CEL (docs/custom-rules.md). The operator’s hold for every run of the machine; a repository’s are added to them.',
  );

/** A rule that somebody wrote. */
export type CustomRule = z.output<typeof rule>;
