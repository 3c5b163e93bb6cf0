import { visible } from '../../audit/index.ts';
import { ok, type Refusal, type Result } from '../../base/index.ts';
import { type Facts, type Fixes, fixAll, mendsOf } from '../../gate/index.ts';
import type { CheckSubject } from '../check-subject.ts';
import { type CommandContext, EXIT } from '../command.ts';
import { styleFor } from '../render/style.ts';
import type { Checked, Choose } from './checked.ts';
import { judgedAnew } from './judged.ts';
import type { Wanted } from './wanted.ts';

/** What `--fix` did, in values that can be told. */
export interface Mended {
  readonly done: readonly MendedFinding[];
  readonly refused: readonly (MendedFinding & { readonly why: string })[];
  readonly files: number;
}

interface MendedFinding {
  readonly rule: string;
  readonly file: string;
  /** Where it was when it was mended. */
  readonly line: number;
  readonly title: string;
  readonly safety: string;
}

/** Mends, writes or shows it, and gives what is left. */
export async function mend(
  context: CommandContext,
  subject: CheckSubject,
  choose: Choose,
  wanted: Wanted,
  facts: Facts,
): Promise<Result<{ readonly checked: Checked; readonly mended: Mended }, Refusal>> {
  const unsafe = wanted.fix === 'unsafe';
  const fixes = await fixAll({
    files: subject.files,
    unsafe,
    facts,
    choose: async (judgement) => (await choose(judgedAnew(judgement))).findings,
  });
  if (wanted.dryRun) {
    const { unifiedDiff } = await import('./unified-diff.ts');
    for (const file of fixes.files) {
      const text = unifiedDiff(file);
      // For a program that applies it the bytes count, for a person that none of them acts on the terminal.
      const isSeen = context.stdout.isTTY === true;
      context.stdout.write(
        isSeen
          ? text
              .split('\n')
              .map((line) => visible(line, 20_000))
              .join('\n')
          : Buffer.from(text),
      );
    }
  } else {
    const { writeFixed } = await import('./write-fixed.ts');
    for (const file of fixes.files) {
      const written = writeFixed(subject.root, file);
      if (!written.ok) return written;
    }
  }
  const checked = await choose(judgedAnew(fixes.judgement));
  return ok({ checked, mended: mendedOf(fixes) });
}

function mendedOf({ done, refused, files }: Fixes): Mended {
  const told = ({ finding, mend }: Fixes['done'][number]): MendedFinding => ({
    rule: finding.rule,
    file: finding.at.file,
    line: finding.at.line,
    title: mend.title,
    safety: mend.safety,
  });
  return {
    done: done.map(told),
    refused: refused.map((one) => ({ ...told(one), why: one.why })),
    files: files.length,
  };
}

/** Says what was mended, what was tried and taken back, and what only `--fix=unsafe` would do. */
export async function tellMended(
  context: CommandContext,
  checked: Checked,
  { done, refused, files }: Mended,
  wanted: Wanted,
): Promise<void> {
  const out = wanted.dryRun ? context.stderr : context.stdout;
  if (wanted.format !== 'text') return;
  const style = styleFor(out, context.environment);
  const line = (one: MendedFinding): string =>
    `${style.strong(one.rule)}  ${visible(`${one.file}:${one.line}`, 1_000)}  ${visible(one.title, 300)}`;
  const word = wanted.dryRun ? 'would mend' : 'mended';
  if (!wanted.quiet) {
    for (const one of done)
      out.write(`${style.good(word)}  ${line(one)}${one.safety === 'unsafe' ? '  (look at it)' : ''}\n`);
    for (const one of refused)
      out.write(`${style.note('not mended')}  ${line(one)}: ${visible(one.why, 300)}\n`);
    if (done.length + refused.length > 0) out.write('\n');
  }
  const more =
    wanted.fix === 'unsafe' ? 0 : (await mendsOf(await checked.judged.subject(), checked.findings)).size;
  out.write(
    `${done.length} ${word} in ${files} ${files === 1 ? 'file' : 'files'}${refused.length === 0 ? '' : `, ${refused.length} taken back`}${more === 0 ? '' : `; --fix=unsafe has ${more} more to look at`}\n`,
  );
}

export function statusOf({ done }: Mended, { findings }: Checked, wanted: Wanted): number {
  return findings.length > 0 || (wanted.dryRun && done.length > 0) ? EXIT.failed : EXIT.ok;
}
