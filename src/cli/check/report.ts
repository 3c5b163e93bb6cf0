import {
  counted,
  type Finding,
  githubReport,
  htmlReport,
  jsonReport,
  markdownReport,
  type Mend,
  mendsOf,
  sarifReport,
} from '../../gate/index.ts';
import type { CommandContext } from '../command.ts';
import { renderFinding } from '../render/findings.ts';
import { jsonLine, wellFormedLine } from '../render/json-line.ts';
import { styleFor } from '../render/style.ts';
import { VERSION } from '../version.ts';
import type { Checked } from './checked.ts';
import type { Mended } from './mended.ts';
import type { Wanted } from './wanted.ts';

/** Writes what was found, in the form that was asked for; with `mended`, what was done before. */
export async function report(
  context: CommandContext,
  checked: Checked,
  wanted: Wanted,
  mended?: Mended,
): Promise<void> {
  const { stdout } = context;
  const { files, prints, findings, suppressed, lineOf } = checked;
  const mends = async (): Promise<ReadonlyMap<Finding, Mend>> =>
    mendsOf(await checked.judged.subject(), findings);
  switch (wanted.format) {
    case 'json': {
      const done = mended === undefined ? {} : { mended: mended.done, notMended: mended.refused };
      const all = jsonReport(checked, { files, prints, mends: await mends() });
      stdout.write(wellFormedLine(jsonLine({ ...all, ...done })));
      return;
    }
    case 'sarif':
      stdout.write(
        wellFormedLine(jsonLine(sarifReport(checked, { prints, mends: await mends(), version: VERSION }))),
      );
      return;
    case 'github':
      stdout.write(githubReport(findings));
      return;
    case 'markdown':
      stdout.write(markdownReport(checked, files));
      return;
    case 'html': {
      const subject = await checked.judged.subject();
      stdout.write(htmlReport(checked, { subject, files, mends: await mends(), version: VERSION }));
      return;
    }
    case 'text': {
      const style = styleFor(stdout, context.environment);
      if (!wanted.quiet)
        for (const finding of findings)
          stdout.write(
            renderFinding(finding, lineOf, style, stdout.isTTY === true ? (stdout.columns ?? 120) : 160),
          );
      const also = suppressed.length === 0 ? '' : `, ${suppressed.length} suppressed`;
      stdout.write(`${counted(findings)} in ${files} ${files === 1 ? 'file' : 'files'}${also}\n`);
    }
  }
}
