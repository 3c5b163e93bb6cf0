import type { Found } from '../../finding.ts';
import { invocationsIn } from '../../invocations.ts';
import { spanOf } from '../../repository/tree.ts';
import { hookRepositories } from '../../hooks.ts';
import type { Rule } from '../../rule.ts';
import { hasOption, type Invocation } from '../../shell/invocation.ts';
import type { Subject } from '../../subject.ts';
import { mend } from './mend.ts';
import { row } from '../../known/row.ts';

export const rule: Rule = {
  id: 'insecure-url',
  title: 'What is fetched can be changed on the way',
  severity: 'medium',
  confidence: 'high',
  persona: 'default',
  looksAt: 'connected',
  guide: ['§4', '§6'],
  alsoKnownAs: ['zizmor/insecure-url-scheme'],
  check,
  mend,
};

const FETCHERS = new Set(
  `curl wget aria2c git pip npm yarn pnpm bun gem bundle cargo go composer helm docker apt-get apt add-apt-repository apt-key rpm dnf yum apk
  pacman brew svn hg iwr mvn gradle conda mamba uv pipx nuget dotnet`.split(/\s+/),
);
/** Switches that take the check of a certificate away. */
const UNCHECKED: Readonly<Record<string, readonly string[]>> = {
  curl: ['-k', '--insecure', '--proxy-insecure'],
  wget: ['--no-check-certificate'],
  pip: ['--trusted-host'],
  helm: ['--insecure-skip-tls-verify'],
  git: [],
  'apt-get': ['--allow-unauthenticated', '--force-yes', '--allow-insecure-repositories'],
  apt: ['--allow-unauthenticated', '--allow-insecure-repositories'],
  docker: ['--tls-verify=false'],
  skopeo: ['--src-tls-verify=false', '--dest-tls-verify=false'],
  podman: ['--tls-verify=false'],
  kubectl: ['--insecure-skip-tls-verify', '--insecure-skip-tls-verify=true'],
};
/** Variables that do the same for whatever reads them. */
const VARIABLES: Readonly<Record<string, RegExp>> = {
  NODE_TLS_REJECT_UNAUTHORIZED: /^0$/,
  GIT_SSL_NO_VERIFY: /^(?:1|true|yes)$/i,
  PYTHONHTTPSVERIFY: /^0$/,
  GOINSECURE: /./,
  GONOSUMDB: /^\*$/,
  GONOSUMCHECK: /^(?:1|true)$/i,
  GOFLAGS: /-insecure/,
  GOSUMDB: /^off$/i,
  PIP_TRUSTED_HOST: /./,
  NPM_CONFIG_STRICT_SSL: /^false$/i,
  YARN_ENABLE_STRICT_SSL: /^(?:0|false)$/i,
  CURL_SSL_NO_VERIFY: /^(?:1|true)$/i,
};

function* check(subject: Subject): Iterable<Found> {
  for (const { url, at } of hookRepositories(subject)) {
    const plain = plainAddress(url.text);
    if (plain !== undefined)
      yield {
        at,
        message: `hooks come from ${plain}: what comes from there anybody on the way can change`,
        fix: 'use https://',
      };
  }
  for (const one of invocationsIn(
    subject,
    /http:|git:|ftp:|-k\b|insecure|no-check|trusted|ssl|tls|unauthenticated|curl|GOSUMDB|GONOSUM|PYTHONHTTPS/i,
  )) {
    const { site, invocation, command } = one;
    const job = site.job === undefined ? {} : { job: site.job.id };
    const plain = FETCHERS.has(invocation.program)
      ? [...invocation.args, ...command.readsFrom]
          .map(({ value }) => plainAddress(value))
          .find((found) => found !== undefined)
      : undefined;
    if (plain !== undefined)
      yield {
        at: one.at,
        message: `${invocation.program} fetches ${plain}, which anybody on the way can change`,
        fix: 'use https://',
        ...job,
      };
    const off = unchecked(invocation);
    if (off !== undefined)
      yield {
        at: one.at,
        message: `${invocation.program} is told not to look at whom it speaks to (${off})`,
        fix: 'take that away, and give it the authority\u2019s certificate instead',
        ...job,
      };
    const set = command.assigned.find(
      ({ name, value }) => row(VARIABLES, name.toUpperCase())?.test(value.value) === true,
    );
    if (set !== undefined)
      yield {
        at: one.at,
        message: `${set.name} takes the check of what is fetched away`,
        fix: 'take it out',
        ...job,
      };
  }
  yield* inSettings(subject);
}

/** `env` of workflows, jobs and steps, and inputs of actions that are an address. */
function* inSettings(subject: Subject): Iterable<Found> {
  const { workflows } = subject.repository;
  const settings = [
    ...workflows.flatMap((file) => file.env.map((one) => ({ file, one, job: {}, input: false }))),
    ...workflows.flatMap((file) =>
      file.jobs.flatMap((job) => job.env.map((one) => ({ file, one, job: { job: job.id }, input: false }))),
    ),
    ...subject.sites.flatMap(({ file, job, step }) => {
      const of = job === undefined ? {} : { job: job.id };
      return [
        ...step.env.map((one) => ({ file, one, job: of, input: false })),
        ...step.with.map((one) => ({ file, one, job: of, input: true })),
      ];
    }),
  ];
  for (const {
    file,
    one: { name, value },
    job,
    input,
  } of settings) {
    const at = spanOf(file.source, value.at, value.text.length);
    if (!input && row(VARIABLES, name.toUpperCase())?.test(value.text) === true)
      yield { at, message: `${name} takes the check of what is fetched away`, fix: 'take it out', ...job };
    const plain =
      /(?:registry|repository|index|mirror|proxy-?url|source|download|server|endpoint)/i.test(name) &&
      !/[\s]/.test(value.text.trim())
        ? plainAddress(value.text.trim())
        : undefined;
    if (plain !== undefined && !/^https?_proxy$/i.test(name))
      yield {
        at,
        persona: input ? 'default' : 'pedantic',
        message: `${name} is ${plain}: what comes from there anybody on the way can change`,
        fix: 'use https://',
        ...job,
      };
  }
}

function unchecked(invocation: Invocation): string | undefined {
  const { program, args } = invocation;
  const words = args.map(({ value }) => value);
  const short =
    program === 'curl'
      ? words.find((word) => /^-[a-zA-Z]*k[a-zA-Z]*$/.test(word) && !/^-[oXHdbFuUAeTwm]/.test(word))
      : undefined;
  if (short !== undefined) return short;
  const found = row(UNCHECKED, program)?.find((name) => hasOption(invocation, name));
  if (found !== undefined) return words.some(isLocal) ? undefined : found;
  const at = words.findIndex((word) =>
    /^(?:http\.sslVerify|strict-ssl|http\.https:\/\/\S*\.sslVerify)(?:=(?:false|0))?$/i.test(word),
  );
  if (at === -1) return undefined;
  return /=(?:false|0)$/.test(words[at] ?? '') || /^(?:false|0)$/i.test(words[at + 1] ?? '')
    ? words[at]
    : undefined;
}

/** The address in a word that is fetched without TLS; none for this machine and names without a dot, which are services beside the job. */
function plainAddress(word: string): string | undefined {
  const [, address, host = ''] =
    /((?:http|git|ftp):\/\/(?:[^\s/@'"]{0,100}@)?([A-Za-z0-9._-]{1,255}|\[[0-9a-f:]{2,50}\])[^\s'"]{0,200})/i.exec(
      word.slice(0, 2_000),
    ) ?? [];
  if (address === undefined || /[\ue000-\uf8ff$]/.test(host)) return undefined;
  return isLocal(`http://${host}`) ? undefined : address;
}

function isLocal(word: string): boolean {
  const [, host] = /^[a-z]+:\/\/(\[[0-9a-f:]+\]|[^\s/:]+)/i.exec(word) ?? [];
  if (host === undefined) return false;
  return (
    (!host.includes('.') && !host.startsWith('[')) ||
    /^(?:localhost|127\.|0\.0\.0\.0|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|\[::1\])|\.(?:local|localhost|internal|svc|lan)$/i.test(
      host,
    )
  );
}
