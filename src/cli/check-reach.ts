import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import { judge, mermaid, ORIGINS, placedRuns, reach } from '../gate/index.ts';
import { repositoryOf } from './check/judged.ts';
import type { Kept } from './check/kept.ts';
import type { CheckSubject } from './check-subject.ts';
import { type CommandContext, EXIT } from './command.ts';
import { oneOf } from './options.ts';
import { jsonLine } from './render/json-line.ts';
import { renderReach } from './render/reach.ts';
import { renderZones } from './render/zones.ts';
import { styleFor } from './render/style.ts';

export interface ReachOptions {
  readonly from?: string;
  readonly to?: string;
  readonly graph?: boolean;
  readonly zones?: boolean;
}

export function asksReach({ from, to, graph, zones }: ReachOptions): boolean {
  return from !== undefined || to !== undefined || graph === true || zones === true;
}

/** Answers `--from ... --to ...`, draws the repository, or places its jobs in zones; gives the exit status: 1 when there is a path. */
export async function checkReach(
  context: CommandContext,
  { files }: CheckSubject,
  options: ReachOptions,
  json: boolean,
  kept: Kept | undefined,
): Promise<Result<number, Refusal>> {
  const { from, to, graph, zones } = options;
  const { subject } = judge(await repositoryOf(files, kept), []);
  if (graph === true) {
    context.stdout.write(mermaid(subject));
    return ok(EXIT.ok);
  }
  if (zones === true) {
    const runs = placedRuns(subject);
    if (json) context.stdout.write(jsonLine({ version: 1, runs }));
    else context.stdout.write(renderZones(runs, styleFor(context.stdout, context.environment)));
    return ok(EXIT.ok);
  }
  const origin = oneOf('from', from ?? 'anyone', ORIGINS);
  if (!origin.ok) return origin;
  if (to === undefined || !/^(?:secret:)?[A-Za-z_][A-Za-z0-9_]{0,199}$/.test(to))
    return err(
      refusal(
        'usage',
        'cli/value',
        '--to names no secret',
        'write --to NPM_TOKEN, or --to GITHUB_TOKEN for the job\u2019s own',
      ),
    );
  const answer = reach(subject, origin.value ?? 'anyone', to.replace(/^secret:/, ''));
  if (!answer.known)
    return err(
      refusal(
        'usage',
        'check/no-secret',
        `no job here holds ${answer.to}`,
        'name a secret that a workflow of this repository uses',
      ),
    );
  const unread = subject.repository.unread.length;
  if (json) context.stdout.write(jsonLine({ version: 1, ...answer, unread }));
  else context.stdout.write(renderReach(answer, styleFor(context.stdout, context.environment)));
  if (answer.ways.length > 0) return ok(EXIT.failed);
  // What was not read may hold a path.
  return unread === 0
    ? ok(EXIT.ok)
    : err(
        refusal(
          'usage',
          'check/unread',
          `${unread} files could not be read, so \u201cno path\u201d is not known`,
          'mend what cofferdam check says of them',
        ),
      );
}
