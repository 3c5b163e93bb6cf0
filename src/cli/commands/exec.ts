import { jsonLine } from '../render/json-line.ts';
import { resolve } from 'node:path';
import { availableParallelism, totalmem } from 'node:os';
import type { RecordEvent } from '../../audit/index.ts';
import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import {
  boundPaths,
  clientSetup,
  EXEC_FAILED,
  exec,
  type ExecOutcome,
  type ExecRequest,
  programOutside,
  searchPath,
  upstreamProxy,
  versionFolders,
  workFolder,
} from '../../engine/index.ts';
import { profilePath } from '../../sandbox/index.ts';
import { openStateFolder, type StateFolder } from '../../store/index.ts';
import { poolRefuses, settleControls, withIsolation, withProfile, ZONES } from '../../zone/index.ts';
import {
  type AllowEntry,
  type LoadedConfiguration,
  operatorConfiguration,
  operatorPaths,
} from '../../config/index.ts';
import type { Command, CommandContext } from '../command.ts';
import { askedIsolation, ISOLATION_OPTIONS } from '../isolation-options.ts';
import { ROOT_IMAGE_OPTION, rootImage } from '../root-image.ts';
import { allowOption, duration, environmentOption, oneOf, parseOptions } from '../options.ts';
import { Denials } from '../render/denials.ts';
import { closing, told } from '../render/exec-outcome.ts';
import { renderRefusal } from '../render/refusals.ts';
import { reloadedText } from '../render/reloaded.ts';
import { styleFor } from '../render/style.ts';
import { weakerIn } from '../render/weaker.ts';
import { VERSION } from '../version.ts';

const help = `usage: cofferdam exec [options] -- COMMAND [ARGUMENT...]

Runs a command in a sandbox: no network but what is allowed by name, no secrets, no way to the rest of this machine. It
works on a copy of the folder: the folder itself stays as it is until you apply what was changed.

  --allow HOST        allow a host: name, name:port, *.name, or a preset (@npm @pypi @go @cargo @maven,
                      cofferdam policy presets); 'GET HOST/PATH' only such requests, 'HOST by PROGRAM' only this program;
                      repeatable
  --allow-from FILE   allow what this cofferdam.yaml allows to zone untrusted, as cofferdam policy learn writes it
  --workdir FOLDER    the folder to work in (default: the current one)
  --read PATH         show a further path, read-only; repeatable
  --write PATH        let the command write a further path, for real; repeatable
  --env NAME[=VALUE]  pass a variable; nothing else of your environment is passed; repeatable
  --timeout TIME      end the command after a time such as 90s or 10m
  --zone ZONE         untrusted (what is not proven to be more stays that)
  --isolation TIER    at least this wall: hardened-container, sandboxed-kernel or microvm
  --runtime NAME      this runtime and no other: runc, crun or runsc
  --profile NAME      serve a need that costs a wall: debugger, browser or nested-build (docs/profiles.md)
  --root-image FOLDER programs come from an OCI image directory instead of this machine's /usr
  --config FILE       the operator's configuration instead of ~/.config/cofferdam/cofferdam.yaml
  --apply WHEN        ask, never or always: take what it changed into the folder (default: ask on a terminal, else never)
  --include PATH      apply this path although tools obey what is there (see cofferdam workspace --help); repeatable
  --strict            a refused connection makes the exit status 4
  --quiet             only the command's own output
  --json              how it ended as one JSON line, the last on standard error
  -h, --help

Exit status: the command's own; 124 when its time was up, 125 when Cofferdam refused or failed, 126 and 127 as in shells,
128 and the number of the signal that ended it.

example: cofferdam exec --allow @npm -- npm ci
`;

const OPTIONS = {
  allow: { type: 'string', multiple: true },
  'allow-from': { type: 'string' },
  workdir: { type: 'string' },
  read: { type: 'string', multiple: true },
  write: { type: 'string', multiple: true },
  env: { type: 'string', multiple: true },
  timeout: { type: 'string' },
  apply: { type: 'string' },
  include: { type: 'string', multiple: true },
  zone: { type: 'string' },
  config: { type: 'string' },
  ...ISOLATION_OPTIONS,
  ...ROOT_IMAGE_OPTION,
  strict: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  json: { type: 'boolean' },
} as const;

async function run(context: CommandContext): Promise<number> {
  const prepared = await prepare(context);
  if (!prepared.ok) return refuse(context, prepared.error);
  const { request, state, quiet, json } = prepared.value;
  const denials = new Denials();
  const terminal = context.stdin.isTTY === true && context.stdout.isTTY === true;
  let detach = (): void => undefined;
  let weaker: string | undefined;
  if (terminal) context.stdin.setRawMode?.(true);
  const outcome = await exec(
    request,
    {
      stdin: context.stdin as never,
      stdout: context.stdout,
      stderr: context.stderr,
      ...(terminal && {
        terminal: { columns: context.stdout.columns ?? 80, rows: context.stdout.rows ?? 24 },
      }),
      attach: (process) => {
        const off = context.onSignal((name) => process.signal(name));
        const resize = (): void => process.resize(context.stdout.columns ?? 80, context.stdout.rows ?? 24);
        context.stdout.on?.('resize', resize);
        detach = () => {
          off();
          context.stdout.off?.('resize', resize);
        };
      },
    },
    state,
    {
      event: (event: RecordEvent) => {
        weaker ??= weakerIn(event);
        if (event.type === 'policy.reloaded') context.stderr.write(reloadedText(event));
        denials.take(event);
      },
    },
  ).finally(() => {
    if (terminal) context.stdin.setRawMode?.(false);
    detach();
    context.stdin.pause();
  });
  const done = (): void => void context.stdin.destroy();
  if (!outcome.ok) {
    done();
    return refuse(context, outcome.error);
  }
  const style = styleFor(context.stderr, context.environment);
  const silent = quiet || json;
  if (!silent && weaker !== undefined) context.stderr.write(`${style.note(`weaker: ${weaker}`)}\n`);
  const wrong = outcome.value.broken ?? (await notStarted(outcome.value, prepared.value, context));
  if (!silent) context.stderr.write(denials.render(style, 'cofferdam exec'));
  if (wrong !== undefined) context.stderr.write(renderRefusal(wrong));
  if (!silent) context.stderr.write(closing(outcome.value, style, request.controls.isolation.profile));
  if (outcome.value.changed !== undefined || outcome.value.notKept !== undefined) {
    const { afterwards } = await import('../workspace-afterwards.ts');
    // What a wall fell under, or a rule did not let pass, is kept to be looked at, and not applied by itself.
    const apply = outcome.value.broken === undefined ? prepared.value.apply : 'never';
    await afterwards(context, state, outcome.value, { ...prepared.value, apply, quiet: silent });
  }
  done();
  const status = outcome.value.exitStatus;
  if (json) context.stderr.write(jsonLine({ ...told(outcome.value, denials), status }));
  return status;
}

interface Prepared {
  readonly request: ExecRequest;
  readonly state: StateFolder;
  readonly quiet: boolean;
  readonly json: boolean;
  readonly apply: 'ask' | 'never' | 'always';
  readonly include: readonly string[];
}

async function prepare(context: CommandContext): Promise<Result<Prepared, Refusal>> {
  const parsed = parseOptions('exec', context.args, OPTIONS);
  if (!parsed.ok) return parsed;
  const { values, positionals, rest } = parsed.value;
  const [program, ...args] = rest;
  if (program === undefined || positionals.length > 0) {
    const before = positionals.join(' ');
    const fix = `cofferdam exec ${before === '' ? '[options] -- COMMAND' : `-- ${before}`}`;
    return err(refusal('usage', 'exec/no-command', 'there is no command after --', fix));
  }
  const zone = oneOf('zone', values.zone, ZONES);
  if (!zone.ok) return zone;
  const isolation = askedIsolation(values);
  if (!isolation.ok) return isolation;
  if (zone.value !== undefined && zone.value !== 'untrusted') {
    return err(
      refusal(
        'policy',
        'zone/not-proven',
        `nothing proves that this command belongs to the zone ${zone.value}`,
        'leave --zone out: a local command is untrusted',
      ),
    );
  }
  const apply = oneOf('apply', values.apply, ['ask', 'never', 'always']);
  if (!apply.ok) return apply;
  const timeout = duration('timeout', values.timeout);
  if (!timeout.ok) return timeout;
  const given = environmentOption(values.env ?? [], context.environment);
  if (!given.ok) return given;
  const state = openStateFolder(context.environment);
  if (!state.ok) return state;
  const image = await rootImage(context, state.value, values);
  if (!image.ok) return image;
  const folder = await workFolder(
    values.workdir ?? context.directory,
    context.environment['HOME'],
    state.value.directory,
  );
  if (!folder.ok) return folder;
  const read = await boundPaths('read', values.read ?? [], state.value.directory, folder.value);
  if (!read.ok) return read;
  const decides = values.config === undefined ? operatorPaths(context.environment) : [resolve(values.config)];
  const write = await boundPaths('write', values.write ?? [], state.value.directory, folder.value, decides);
  if (!write.ok) return write;
  const shown = [folder.value, ...[...read.value, ...write.value].map(({ path }) => path)];
  // A command's allowlist is what was typed, and nothing else.
  const typed = allowOption(values.allow ?? []);
  if (!typed.ok) return typed;
  const listed = await allowedBy(context, folder.value, values['allow-from']);
  if (!listed.ok) return listed;
  const allow = ok([...listed.value, ...typed.value]);
  const clients = await clientSetup(allow.value, [], context.environment);
  if (!clients.ok) return clients;
  const operator = await operatorConfiguration(context.environment, {
    notIn: folder.value,
    ...(values.config !== undefined && { named: values.config }),
  });
  if (!operator.ok) return err(operator.error[0] ?? unreadable());
  const proxy = await upstreamProxy(operator.value?.configuration.proxy, folder.value);
  if (!proxy.ok) return proxy;
  const files = operator.value === undefined ? [] : [operator.value];
  const machine = { memoryBytes: totalmem(), cpus: availableParallelism() };
  const settled = withIsolation(settleControls('untrusted', machine, files).controls, isolation.value);
  const elsewhere = poolRefuses(files[0]?.configuration, 'untrusted');
  if (elsewhere !== undefined) return err(elsewhere);
  if (isolation.value.profile === 'privileged') return err(neverPrivileged());
  const served = withProfile(settled, undefined, isolation.value.profile);
  if (!served.ok) return served;
  const controls = served.value;
  return ok({
    state: state.value,
    quiet: values.quiet === true,
    json: values.json === true,
    apply: apply.value ?? (context.stdin.isTTY === true && context.stderr.isTTY === true ? 'ask' : 'never'),
    include: values.include ?? [],
    request: {
      argv: [program, ...args],
      workdir: folder.value,
      root: image.value?.root ?? { kind: 'host' },
      controls: { ...controls, egress: { ...controls.egress, allow: allow.value } },
      because: ['a local command proves nothing about who wrote it'],
      facts: [{ name: 'started', value: 'by hand', source: 'command-line', forgeable: false }],
      policy: files[0] === undefined ? { source: 'defaults' } : named(files[0]),
      allow: clients.value.allow,
      operator: {
        environment: context.environment,
        notIn: folder.value,
        ...(values.config !== undefined && { named: values.config }),
        ...(operator.value !== undefined && { began: operator.value }),
      },
      ...(clients.value.inspection !== undefined && { inspection: clients.value.inspection }),
      ...(proxy.value !== undefined && { proxy: proxy.value }),
      resolver: { kind: 'system' },
      strict: values.strict === true,
      rules: files[0]?.configuration.rules ?? [],
      readPaths: read.value,
      writePaths: write.value,
      files: clients.value.files,
      environment: {
        ...versionFolders(context.environment, shown),
        ...image.value?.environment,
        PATH: profilePath(
          controls.isolation.profile,
          image.value?.environment['PATH'] ?? searchPath(context.environment, shown),
        ),
        HOME: '/home/runner',
        USER: 'runner',
        LANG: 'C.UTF-8',
        ...(context.environment['TERM'] !== undefined && { TERM: context.environment['TERM'] }),
        ...clients.value.environment,
        ...given.value,
      },
      timeoutMs: timeout.value ?? controls.limits.stepTimeoutMs,
      version: VERSION,
    },
  });
}

function named({ origin, path, digest }: LoadedConfiguration) {
  return { source: 'cofferdam.yaml', files: [{ origin, path, digest }] };
}

/** The list of a file that is the operator's own, and not the work's; of its other words none is meant. */
async function allowedBy(
  context: CommandContext,
  notIn: string,
  name: string | undefined,
): Promise<Result<readonly AllowEntry[], Refusal>> {
  if (name === undefined) return ok([]);
  const found = await operatorConfiguration(context.environment, { notIn, named: name });
  if (!found.ok) return err(found.error[0] ?? unreadable());
  return ok(found.value?.configuration.zones?.untrusted?.egress?.allow ?? []);
}

function neverPrivileged(): Refusal {
  return refusal(
    'policy',
    'waiver/untrusted',
    'a local command is untrusted, and what is untrusted never runs privileged',
    'leave --profile privileged out: there is no waiver for it',
  );
}

function unreadable(): Refusal {
  return refusal('usage', 'config/syntax', 'the configuration cannot be read', 'see docs/configuration.md');
}

function refuse(context: CommandContext, why: Refusal): number {
  context.stderr.write(renderRefusal(why));
  return EXEC_FAILED;
}

/** Why the command could not be started, and what would show it to the sandbox where it lies elsewhere on this machine. */
async function notStarted(
  { exit }: ExecOutcome,
  { request }: Prepared,
  context: CommandContext,
): Promise<Refusal | undefined> {
  if (exit.failure === undefined) return undefined;
  const no = (why: string, fix: string) => refusal('usage', 'exec/not-started', why, fix);
  const [program] = request.argv;
  const name = JSON.stringify(program.slice(0, 200));
  if (exit.failure !== 'ENOENT')
    return no(`${name} could not be started: ${exit.failure}`, 'see that it is a program, and may be run');
  if (request.root.kind === 'image')
    return no(
      `${name} is not in the image`,
      'see that the image has the program, for this kind of processor, or show it with --read',
    );
  const outside = await programOutside(program, context.environment);
  if (outside === undefined)
    return no(
      `${name} is not on this machine, or what its first line names is not`,
      'install it in /usr, or show where it is with --read',
    );
  const shown = [...request.readPaths, ...request.writePaths].map(({ path }) => path);
  if (['/usr', request.workdir, ...shown].some((seen) => `${outside.path}/`.startsWith(`${seen}/`)))
    return no(
      `${name} is ${outside.path}, but what its first line names, or its loader, is not in the sandbox`,
      'show where that is with --read',
    );
  const shows = outside.show.map((folder) => `--read ${folder}`).join(' ');
  return no(
    `${name} is ${outside.path} on this machine, which the sandbox is not shown`,
    `cofferdam exec ${shows} -- ${request.argv.join(' ')}`.slice(0, 1_000),
  );
}

export const command: Command = { help, run };
