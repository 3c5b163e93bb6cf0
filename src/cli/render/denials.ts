import { isAlarming, type RecordEvent, visible } from '../../audit/index.ts';
import { describeRisk } from './risks.ts';
import type { Style } from './style.ts';

export interface Denial {
  readonly mark: 'denied' | 'no way' | 'done' | 'left';
  readonly what: string;
  readonly why: string;
  readonly fix: string;
  readonly by: string;
  times: number;
}

const MAX_SHOWN = 20;
const WHY: Readonly<Record<string, string>> = {
  'not-on-allowlist': 'not on the allowlist',
  'address-without-name': 'an address that no allowed name led to',
  'forbidden-range': 'an address of this machine, its networks or the metadata service',
  'name-mismatch': 'it names another host than the one that was asked for',
  'no-server-name': 'it does not say which host it is for',
  'protocol-not-allowed':
    'nothing that may be spoken there: neither TLS nor HTTP on a port that was not named, or what asks to be passed on',
  malformed: 'it cannot be read without doubt',
  limit: 'more than a job may ask for',
  'request-not-allowed': 'no entry for this host allows such a request',
  'path-not-clear': 'its path could be read as another one',
  'not-readable': 'only requests that can be read are allowed there',
  'encrypted-hello':
    'its TLS hides for whom it is (encrypted ClientHello, or a pretence of one): turn that off in the client',
  'server-not-trusted': 'its server’s certificate is not one for this name by an authority that is trusted',
  'authority-not-trusted':
    'its requests are read, and this client trusts only its own authorities (it pins certificates, or has a store of its own)',
  'host-key': 'the SSH server shows another key than the policy names',
  'upstream-proxy': 'the proxy by which this machine reaches others, which is no job\u2019s to speak to',
  'proxy-unreachable': 'it is allowed, and the proxy by which it is reached could not be spoken to',
  'proxy-refused': 'it is allowed, and the proxy by which it is reached did not let it through',
  'program-not-allowed': 'its entries are for other programs',
  'program-not-known': 'its entries are for certain programs, and it counts as none',
  'policy-narrowed':
    'the operator\u2019s policy was changed while the job ran, and does not allow it any more',
  budget: 'as much as the job may exchange with it has been exchanged',
};

/** Gathers what was denied, the same once, to be told at the end: what, by whom, why, and how to allow it. */
export class Denials {
  readonly #seen = new Map<string, Denial>();
  readonly #undialled = new Map<string, Extract<RecordEvent, { readonly type: 'network.connection' }>>();
  count = 0;

  take(event: RecordEvent): void {
    const denial = this.#unreachable(event) ?? read(event);
    if (denial === undefined) return;
    if (denial.mark === 'denied') this.count += denial.times;
    // Many files of one kind by one program are one thing that was done.
    const same = denial.mark === 'done' && event.type === 'risk.attempted' ? event.operation : denial.what;
    const key = `${same} ${denial.by}`;
    const known = this.#seen.get(key) ?? this.#counted(denial);
    if (known !== undefined) known.times += denial.times;
    else if (this.#seen.size < 1_000) this.#seen.set(key, denial);
  }

  /** What stands for many of the same is told when their programs are gone: it belongs to the first of them. */
  #counted(denial: Denial): Denial | undefined {
    if (denial.times < 2 || denial.by !== '') return undefined;
    return [...this.#seen.values()].find((one) => one.what === denial.what && one.mark === denial.mark);
  }

  /** What was allowed and still could not be had: for whoever waits for it, not different from a denial. */
  #unreachable(event: RecordEvent): Denial | undefined {
    if (event.type === 'network.connection' && event.verdict === 'allowed' && event.dialled === undefined) {
      if (this.#undialled.size < 1_000) this.#undialled.set(`${event.job} ${event.connection}`, event);
    }
    if (event.type !== 'network.closed' || event.failure !== 'unreachable') return undefined;
    const key = `${event.job} ${event.connection}`;
    const asked = this.#undialled.get(key);
    this.#undialled.delete(key);
    if (asked === undefined) return undefined;
    return {
      mark: 'no way',
      what: `connect  ${asked.host ?? asked.address}:${asked.port}`,
      why: 'it is allowed, and this machine found no way to it',
      fix: '',
      by: program(asked.process),
      times: 1,
    };
  }

  /** The same for machines: at most a thousand, each kind once. */
  list(): readonly Denial[] {
    return [...this.#seen.values()];
  }

  render(style: Style, allowBy: string): string {
    const lines: string[] = [];
    for (const denial of [...this.#seen.values()].slice(0, MAX_SHOWN)) {
      const times = denial.times > 1 ? again(denial) : '';
      lines.push(
        `${style.note(`! ${denial.mark}`)}  ${visible(denial.what)}${denial.by === '' ? '' : `   by ${visible(denial.by, 120)}`}${times}`,
      );
      lines.push(style.faint(`  why   ${denial.why}`));
      if (denial.fix !== '')
        lines.push(style.faint(`  fix   ${allowBy} ${visible(denial.fix)}   (or it is an exfiltration)`));
    }
    if (this.#seen.size > MAX_SHOWN)
      lines.push(
        style.faint(`  and ${this.#seen.size - MAX_SHOWN} other destinations; see cofferdam audit show`),
      );
    return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  }
}

function again({ mark, times }: Denial): string {
  return mark === 'done' ? ` (and ${times - 1} more)` : ` (${times} times)`;
}

function read(event: RecordEvent): Denial | undefined {
  switch (event.type) {
    case 'dns.question':
      if (event.verdict === 'allowed') return undefined;
      return denial(`resolve  ${event.name}`, event.reason, allowing(event.name), event);
    case 'network.connection': {
      if (event.verdict === 'allowed') return undefined;
      const host = event.host ?? (event.address.includes(':') ? `[${event.address}]` : event.address);
      const fixable =
        event.reason === 'not-on-allowlist' ||
        (event.reason === 'protocol-not-allowed' && event.port !== 443 && event.port !== 80) ||
        event.reason === 'address-without-name';
      return denial(
        `connect  ${host}:${event.port}`,
        event.reason,
        fixable ? allowing(`${host}${event.port === 443 ? '' : `:${event.port}`}`) : '',
        event,
      );
    }
    case 'network.request':
      if (event.verdict === 'allowed') return undefined;
      return denial(
        `request  ${event.method} https://${event.host}${event.port === 443 ? '' : `:${event.port}`}${event.path}`,
        event.reason,
        event.reason === 'request-not-allowed'
          ? allowing(
              `${event.method} ${event.host}${event.port === 443 ? '' : `:${event.port}`}${event.path}`,
            )
          : '',
        event,
      );
    case 'network.refused':
      return {
        mark: 'denied',
        what: `send     ${event.protocol}${event.address === undefined ? '' : ` to ${event.address}`}${event.port === undefined ? '' : ` port ${event.port}`}`,
        why: 'only TCP leaves a sandbox, and names are resolved by the gateway',
        fix: '',
        by: program(event.process),
        times: event.count ?? 1,
      };
    case 'process.outlived':
      return {
        mark: 'left',
        what: 'running when its step was over',
        why: 'it ends with its job at the latest',
        fix: '',
        by: program(event),
        times: 1,
      };
    case 'risk.attempted': {
      if (!isAlarming(event)) return undefined;
      const refused = event.outcome === 'denied';
      return {
        mark: refused ? 'denied' : 'done',
        what: describeRisk(event),
        why: refused ? 'no job may' : 'it is what an attacker does to stay; it is in the sandbox only',
        fix: '',
        by: program(event.process),
        times: event.count ?? 1,
      };
    }
    default:
      return undefined;
  }
}

/** The user's own rules have names of their own. */
function whyOf(reason: string): string {
  return reason.startsWith('own/') ? `the rule ${reason} does not let it` : (WHY[reason] ?? reason);
}

/** A destination, or a method with one and a path, of characters that no shell reads as more. */
const COPIED =
  /^(?:[A-Z]+ )?(?:[a-z0-9_][a-z0-9._-]*|\[[0-9a-f:.]+\])(?::[0-9]+)?(?:\/[A-Za-z0-9._~%@:+,=/-]*)?$/;

/** What is copied into a shell must be one word of it: names and paths are the job's. Nothing where that is not so. */
function allowing(entry: string): string {
  if (!COPIED.test(entry)) return '';
  return entry.includes(' ') ? `--allow '${entry}'` : `--allow ${entry}`;
}

function denial(
  what: string,
  reason: string | undefined,
  fix: string,
  event: Pick<Extract<RecordEvent, { readonly type: 'dns.question' }>, 'process' | 'count' | 'program'>,
): Denial {
  // Of a denial for another cause the program is evidence, and says nothing about the cause.
  const lacks = reason?.startsWith('program-') === true ? event.program?.why : undefined;
  return {
    mark: 'denied',
    what,
    why: `${whyOf(reason ?? '')}${lacks === undefined ? '' : `: ${lacks}`}`,
    fix,
    by: program(event.process),
    times: event.count ?? 1,
  };
}

function program(process: { readonly pid: number; readonly argv: readonly string[] } | undefined): string {
  return process === undefined ? '' : `${process.argv.join(' ').trim()} (pid ${process.pid})`;
}
