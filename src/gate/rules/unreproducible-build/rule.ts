import type { Found } from '../../finding.ts';
import { pieceSpan, spanOf } from '../../repository/tree.ts';
import type { Rule } from '../../rule.ts';
import { invocationOf } from '../../shell/invocation.ts';
import type { ShellCommand, ShellScript } from '../../shell/script.ts';
import type { Site, Subject } from '../../subject.ts';
import { type ReleaseJob, releaseJobs } from '../../taint/release-jobs.ts';
import { inputOf, isCheckout } from '../../taint/workspace.ts';
import { packs, readsHistory, type Trap, upgrades } from './commands.ts';
import { timesIn } from './times.ts';
import { floatingTool } from './toolchains.ts';

export const rule: Rule = {
  id: 'unreproducible-build',
  title: 'What is released would be another thing if it were built again',
  severity: 'low',
  confidence: 'medium',
  persona: 'pedantic',
  looksAt: 'connected',
  guide: ['§6'],
  alsoKnownAs: [],
  check,
};

const VERIFIERS = /^(?:sha\d+sum|shasum|gpg|gpgv|cosign|minisign|openssl|slsa-verifier|b2sum)$/;

function* check(subject: Subject): Iterable<Found> {
  for (const release of releaseJobs(subject)) {
    const { file, job, published } = release;
    const told = (at: Found['at'], { why, fix }: Trap, more: Partial<Found> = {}): Found => ({
      at,
      job: job.id,
      message: `the job ${job.id} makes what is released, and ${why}`,
      fix,
      flow: [{ at, what: why }, published],
      ...more,
    });
    for (const { at, what } of timesIn(subject, release))
      yield told(at, {
        why: what,
        fix: 'take the time of the commit: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct), and date -u -d "@$SOURCE_DATE_EPOCH"',
      });
    for (const step of job.steps) {
      const { uses, run } = step;
      const tool = uses === undefined ? undefined : floatingTool(step);
      if (uses !== undefined && tool !== undefined) {
        const text = tool.text ?? uses;
        yield told(spanOf(file.source, text.at, text.text.length), {
          why: `${tool.what} is another version on another day`,
          fix: 'name the version to the minor one at least, or a file of the repository that does',
        });
      }
      const pull = inputOf(step, 'pull');
      if (
        pull?.text === 'true' &&
        uses?.kind === 'repository' &&
        /\/(?:build-push|bake)-action$/.test(uses.repository)
      )
        yield told(spanOf(file.source, pull.at, pull.text.length), {
          why: 'the base image is the one that its tag names on the day',
          fix: 'name the base image by its digest in the Dockerfile',
        });
      if (run !== undefined) yield* inScript(subject, release, { file, job, step }, told);
    }
    const label = job.runsOn.find(({ text }) => /^(?:ubuntu|windows|macos)-latest(?:-|$)/i.test(text));
    if (label !== undefined)
      yield told(
        spanOf(file.source, label.at, label.text.length),
        {
          why: `${label.text} is another system when the label moves on`,
          fix: 'name the system with its version: ubuntu-24.04',
        },
        { severity: 'info', persona: 'auditor' },
      );
  }
}

function* inScript(
  subject: Subject,
  { job, file }: ReleaseJob,
  site: Site,
  told: (at: Found['at'], trap: Trap) => Found,
): Iterable<Found> {
  const { run } = site.step;
  const script = subject.script(site);
  if (run === undefined || script === undefined) return;
  const verifies = script.commands.some(({ name }) => VERIFIERS.test(name));
  for (const command of script.commands) {
    const invocation = invocationOf(command);
    if (invocation === undefined) continue;
    const at = pieceSpan(file.source, run, command.text);
    // What gzip reads from a pipe has neither a name nor a time.
    const piped = invocation.program === 'gzip' && command.pipedFrom !== undefined;
    const trap = upgrades(invocation) ?? (piped ? undefined : packs(invocation));
    if (trap !== undefined) yield told(at, trap);
    else if (readsHistory(invocation) && isShallow(job.steps, site))
      yield told(at, {
        why: 'its version follows from a history of which the checkout brings one commit',
        fix: 'fetch-depth: 0 and fetch-tags in actions/checkout, or the version of the tag that is released',
      });
    else if (!verifies && fetchesFile(command, script))
      yield told(at, {
        why: `${command.name} fetches a part of it of which no digest is compared`,
        fix: 'compare its digest (sha256sum --check) before it is used',
      });
  }
}

/** Whether what is fetched is kept or unpacked: asking an API and waiting for a port fetch nothing. */
function fetchesFile(command: ShellCommand, { commands }: ShellScript): boolean {
  const { name, words, writesTo } = command;
  if (name !== 'curl' && name !== 'wget') return false;
  const values = words.map(({ value }) => value);
  if (
    values.some((value) =>
      /^(?:-X|--request|-d|--data\S*|-T|--upload-file|-F|--form|-I|--head|--spider)$/.test(value),
    )
  )
    return false;
  if (values.some((value) => /^https?:\/\/(?:localhost|127\.|\[::1\]|api\.)/.test(value))) return false;
  const toFile = values.some((value) =>
    /^(?:-[a-zA-Z]*[oO]|--output|--remote-name|--output-document)(?:=|$)/.test(value),
  );
  const nowhere = [...values, ...writesTo.map(({ value }) => value)].includes('/dev/null');
  const unpacked = commands.some(
    ({ pipedFrom, name: next }) =>
      pipedFrom === command && /^(?:tar|gunzip|unzip|bsdtar|xz|zcat)$/.test(next),
  );
  const kept =
    name === 'wget' ? !values.some((value) => /^-[a-zA-Z]*O-?$/.test(value) && values.includes('-')) : toFile;
  return (
    !nowhere && (unpacked || kept || writesTo.some(({ value }) => value !== '' && !value.startsWith('&')))
  );
}

function isShallow(steps: ReleaseJob['job']['steps'], { step }: Site): boolean {
  const before = steps.filter(({ index }) => index <= step.index);
  const checkout = before.find(isCheckout);
  if (checkout === undefined) return false;
  const depth = inputOf(checkout, 'fetch-depth')?.text ?? '1';
  const fetched = before.some(({ run }) =>
    /git\s+fetch\b[^\n]{0,200}(?:--unshallow|--tags|--depth|--prune)/.test(run?.text ?? ''),
  );
  return depth !== '0' && !depth.includes('${{') && !fetched;
}
