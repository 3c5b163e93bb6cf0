import {
  counted,
  githubReport,
  htmlReport,
  jsonReport,
  markdownReport,
  sarifReport,
} from '../../gate/index.ts';
import type { CommandContext } from '../command.ts';
import { renderFinding } from '../render/findings.ts';
import { jsonLine, wellFormedLine } from '../render/json-line.ts';
import { writeInChunks } from '../render/write-in-chunks.ts';
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
  const { files, findings, suppressed, lineOf, judged } = checked;
  switch (wanted.format) {
    case 'json': {
      const done = mended === undefined ? {} : { mended: mended.done, notMended: mended.refused };
      const all = jsonReport(checked, {
        files,
        prints: checked.prints(),
        mends: await judged.mends(findings),
      });
      stdout.write(wellFormedLine(jsonLine({ ...all, ...done })));
      return;
    }
    case 'sarif':
      stdout.write(
        wellFormedLine(
          jsonLine(
            sarifReport(checked, {
              prints: checked.prints(),
              mends: await judged.mends(findings),
              version: VERSION,
            }),
          ),
        ),
      );
      return;
    case 'github':
      stdout.write(githubReport(findings));
      return;
    case 'markdown':
      stdout.write(markdownReport(checked, files));
      return;
    case 'html': {
      const { drawn, lineOf } = await judged.picture();
      const mends = await judged.mends(findings);
      stdout.write(htmlReport(checked, { picture: drawn, lineOf, files, mends, version: VERSION }));
      return;
    }
    case 'text': {
      const style = styleFor(stdout, context.environment);
      const width = stdout.isTTY === true ? (stdout.columns ?? 120) : 160;
      if (!wanted.quiet)
        await writeInChunks(stdout, findings, (one) => renderFinding(one, lineOf, style, width));
      const also = suppressed.length === 0 ? '' : `, ${suppressed.length} suppressed`;
      stdout.write(`${counted(findings)} in ${files} ${files === 1 ? 'file' : 'files'}${also}\n`);
    }
  }
}
