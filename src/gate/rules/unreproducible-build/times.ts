import { pieceSpan, spanOf } from '../../repository/tree.ts';
import type { Hop } from '../../finding.ts';
import { invocationOf } from '../../shell/invocation.ts';
import type { ShellCommand, ShellWord } from '../../shell/script.ts';
import type { Site, Subject } from '../../subject.ts';
import { isBuild } from '../../taint/builds.ts';
import { fileCommandsOf } from '../../taint/file-commands.ts';
import type { ReleaseJob } from '../../taint/release-jobs.ts';

const EPOCH = 'SOURCE_DATE_EPOCH';
/** Inputs of actions that become part of what is built. */
const BUILT_IN =
  /^(?:build-args|labels|annotations|args|build-contexts|set|cargo-args|ldflags|env-vars|options)$/i;
const PUSHED = /github\.event\.repository\.(?:updated_at|pushed_at)/;

/** Where the time of the day is put into what is built. */
export function* timesIn(subject: Subject, { file, job }: ReleaseJob): Iterable<Hop> {
  const sites = job.steps.map((step): Site => ({ file, job, step }));
  const names = new Map<string, Hop>();
  for (const site of sites) {
    const { run } = site.step;
    const script = run === undefined ? undefined : subject.script(site);
    for (const { name, value } of site.step.with)
      if (BUILT_IN.test(name) && (PUSHED.test(value.text) || usesOne(value.text, names)))
        yield {
          at: spanOf(file.source, value.at, value.text.length),
          what: `${name} takes the time of the day`,
        };
    if (run === undefined || script === undefined) continue;
    const clock = new Set<string>();
    for (const command of script.commands) {
      const at = pieceSpan(file.source, run, command.text);
      const invocation = invocationOf(command);
      const words = [...command.words, ...command.assigned.map(({ value }) => value)];
      const told = words.some((word) => tells(word) || word.variables.some((one) => clock.has(one)));
      for (const { name, value } of command.assigned) {
        if (!tells(value) && !value.variables.some((one) => clock.has(one))) continue;
        if (name === EPOCH) yield { at, what: `${EPOCH} is the time of the day` };
        clock.add(name);
      }
      const builds =
        invocation !== undefined &&
        (isBuild(invocation) || (invocation.program === 'goreleaser' && command.assigned.length > 0));
      if (builds && (told || usesOne(command.text, names)))
        yield { at, what: `${invocation.program} is given the time of the day` };
    }
    for (const { names: set, words, command } of fileCommandsOf(script))
      if (words.some((word) => tells(word) || word.variables.some((one) => clock.has(one))))
        for (const name of set) {
          const at = pieceSpan(file.source, run, command.text);
          if (name === EPOCH) yield { at, what: `${EPOCH} is the time of the day` };
          else names.set(name, { at, what: 'takes the time of the day' });
        }
  }
}

/** `steps.x.outputs.NAME`, `env.NAME` or `$NAME` of a name that holds the time. */
function usesOne(text: string, names: ReadonlyMap<string, Hop>): boolean {
  if (names.size === 0) return false;
  for (const name of names.keys())
    if (
      new RegExp(`(?:outputs\\.|env\\.|\\$\\{?)${name.replaceAll('-', '\\-')}\\b`).test(text.slice(0, 5_000))
    )
      return true;
  return false;
}

function tells(word: ShellWord): boolean {
  return word.made.some(isClock);
}

/** `date` of now; one of a commit or of a file is the same tomorrow. */
function isClock({ name, words }: ShellCommand): boolean {
  return (
    name === 'date' &&
    !words.some(
      ({ value, text }) => /^(?:-d|-r|--date|--reference|-j|-f)/.test(value) || text.includes(EPOCH),
    )
  );
}
