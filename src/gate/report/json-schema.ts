// Used by the test that keeps schema/ true, and by `npm run reference`, which writes it. Never at run time.
import { z } from 'zod';
import { PERSONAS, SEVERITIES } from '../finding.ts';
import { SAFETIES } from '../fix/mend.ts';

const number = z.int().min(1);
const spot = z.strictObject({ line: number, column: number });
const span = z.strictObject({
  file: z.string().describe('Within the repository, with `/`.'),
  line: number,
  column: number.describe('From 1, in UTF-16 code units.'),
  length: z
    .int()
    .min(0)
    .describe('In UTF-16 code units; of what ends on another line, what is on the first.'),
  end: spot.optional().describe('Behind the last character, when that is on another line.'),
});

const finding = {
  rule: z.string(),
  severity: z.enum(SEVERITIES),
  confidence: z.enum(['low', 'medium', 'high']),
  persona: z.enum(PERSONAS),
  at: span,
  message: z.string().describe('May quote what a stranger wrote.'),
  fix: z.string(),
  job: z.string().optional(),
  events: z
    .array(z.string())
    .optional()
    .describe('In which it is so; absent: in all that bring the file to run.'),
  flow: z
    .array(z.strictObject({ at: span, what: z.string() }))
    .optional()
    .describe('From the source to the sink.'),
  fingerprint: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/)
    .describe('Stays when lines are added above.'),
  mend: z
    .strictObject({
      title: z.string(),
      safety: z.enum(SAFETIES),
      edits: z.array(z.strictObject({ start: spot, end: spot, text: z.string() })),
    })
    .optional()
    .describe('What `--fix` would do.'),
};

const mended = {
  rule: z.string(),
  file: z.string(),
  line: number,
  title: z.string(),
  safety: z.enum(SAFETIES),
};

const report = z.strictObject({
  version: z.literal(1),
  files: z.int().min(0).describe('How many were looked at.'),
  findings: z.array(z.strictObject(finding)),
  suppressed: z.array(
    z.strictObject({
      ...finding,
      suppressedBy: z.strictObject({
        tool: z.enum(['cofferdam', 'zizmor', 'policy']),
        file: z.string(),
        line: number,
        reason: z.string(),
      }),
    }),
  ),
  mended: z.array(z.strictObject(mended)).optional().describe('With `--fix`: what was done.'),
  notMended: z
    .array(z.strictObject({ ...mended, why: z.string() }))
    .optional()
    .describe('With `--fix`: what was tried and taken back.'),
});

/** The JSON Schema (draft 2020-12) of what `check --format json` prints. */
export function reportSchema(): string {
  const schema = z.toJSONSchema(report);
  return `${JSON.stringify({ title: 'cofferdam check --format json', ...schema }, null, 2)}\n`;
}
