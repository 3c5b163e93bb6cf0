import { type RecordEvent, visible } from '../../audit/index.ts';
import { formatSize } from '../../base/index.ts';
import type { RunObserver } from '../../engine/index.ts';
import type { Job } from '../../workflow/index.ts';
import { Denials } from './denials.ts';
import type { Style } from './style.ts';
import { weakerIn } from './weaker.ts';

type Of<T extends RecordEvent['type']> = Extract<RecordEvent, { readonly type: T }>;

const TAIL_LINES = 20;

interface Running {
  readonly name: string;
  readonly step: string;
  readonly since: number;
}

interface StepView {
  readonly lines: string[];
  readonly denials: Denials;
  hosts: Set<string>;
  bytesIn: number;
  requests: number;
}

export interface RunViewOptions {
  readonly write: (text: string) => void;
  readonly style: Style;
  readonly verbose: boolean;
  /** The workflow's jobs: with more than one, or a matrix, each line begins with whose it is. */
  readonly jobs: readonly Job[];
  readonly now: () => number;
}

/** Shows a run as it goes: one line for each thing that ended, the step's own last words when it failed or was denied something. Never repaints. */
export class RunView implements RunObserver {
  readonly denials = new Denials();
  readonly #options: RunViewOptions;
  readonly #style: Style;
  readonly #verbose: boolean;
  readonly #prefixed: boolean;
  readonly #steps = new Map<string, StepView>();
  readonly #names = new Map<string, string>();
  readonly #running = new Map<string, Running>();
  #job = '';

  constructor(options: RunViewOptions) {
    this.#options = options;
    this.#style = options.style;
    this.#verbose = options.verbose;
    this.#prefixed = options.jobs.length > 1 || options.jobs.some((job) => job.matrix !== undefined);
  }

  /** What is going on now, and since when: one line without control characters, empty when nothing is. */
  live(): string {
    const now = this.#options.now();
    const parts = [...this.#running].map(([job, { name, step, since }]) => {
      const seen = this.#steps.get(`${job} ${step}`);
      const net =
        seen === undefined || seen.hosts.size === 0
          ? ''
          : `  hosts ${seen.hosts.size}  ${formatSize(seen.bytesIn)}`;
      const whose = this.#prefixed ? `${visible(job)}: ` : '';
      return `${whose}${visible(name)}  ${Math.floor((now - since) / 1_000)}s${net}`;
    });
    return parts.length === 0 ? '' : `  … ${parts.join('   ')}`;
  }

  #write(text: string): void {
    const prefix = this.#prefixed && this.#job !== '' ? this.#style.faint(`${visible(this.#job)} │`) : '';
    this.#options.write(prefix === '' ? text : text.replaceAll(/^(?=[^])/gm, prefix));
  }

  output(line: { readonly jobId: string; readonly stepId: string; readonly text: string }): void {
    const step = this.#step(line.jobId, line.stepId);
    this.#job = line.jobId;
    step.lines.push(visible(line.text, 400));
    if (step.lines.length > TAIL_LINES) step.lines.shift();
    if (this.#verbose) this.#write(`     ${this.#style.faint('│')} ${visible(line.text, 400)}\n`);
  }

  event(event: RecordEvent): void {
    this.denials.take(event);
    this.#job = 'job' in event ? (event.job ?? '') : '';
    switch (event.type) {
      case 'job.started':
        this.#names.set(event.job, event.name);
        this.#running.set(event.job, { name: 'opening its sandbox', step: '', since: this.#options.now() });
        return undefined;
      case 'step.started':
        this.#running.set(event.job, { name: event.name, step: event.step, since: this.#options.now() });
        return undefined;
      case 'zone.decided':
        return this.#zone(event);
      case 'policy.armed':
        return this.#armed(event);
      case 'secret.withheld':
        return this.#write(
          `          ${this.#style.faint(`secret    ${visible(event.name)} withheld: ${visible(event.why)}`)}\n`,
        );
      case 'policy.refused':
        return this.#write(
          `  ${this.#style.bad('✗')} refused  ${visible(event.why)}  [${event.rule}]\n       fix   ${visible(event.fix)}\n`,
        );
      case 'dns.question':
      case 'network.connection':
      case 'network.refused':
      case 'risk.attempted':
      case 'process.outlived':
        this.#step(event.job, event.step).denials.take(event);
        if (event.type === 'network.connection' && event.verdict === 'allowed')
          this.#step(event.job, event.step).hosts.add(event.host ?? event.address);
        return undefined;
      case 'network.closed': {
        const step = this.#step(event.job, event.step);
        step.bytesIn += event.bytesIn;
        step.requests += event.requests;
        return undefined;
      }
      case 'limit.hit':
        return this.#write(
          `     ${this.#style.bad('! limit')}   ${event.limit} (${event.value}) in ${visible(event.step)}\n`,
        );
      case 'step.finished':
        return this.#finished(event);
      case 'job.finished':
        this.#running.delete(event.job);
        return this.#ended(event);
      default:
        return undefined;
    }
  }

  #step(job: string, step: string): StepView {
    const key = `${job} ${step}`;
    const known = this.#steps.get(key);
    if (known !== undefined) return known;
    const view: StepView = { lines: [], denials: new Denials(), hosts: new Set(), bytesIn: 0, requests: 0 };
    this.#steps.set(key, view);
    return view;
  }

  #zone(event: Of<'zone.decided'>): void {
    const because = event.because.map((reason) => visible(reason)).join('; ');
    const name = this.#names.get(event.job) ?? event.job;
    const shown = name === event.job ? '' : `   (${visible(name)})`;
    this.#write(
      `  ${this.#style.strong(visible(event.job).padEnd(8))} ${event.zone}   because: ${because}${shown}\n`,
    );
  }

  #armed(event: Of<'policy.armed'>): void {
    const receipt = event.receipt as {
      readonly probeMs?: number;
      readonly armedMs?: number;
      readonly checks?: readonly unknown[];
      readonly runtime?: { readonly name: string; readonly version: string };
      readonly profile?: { readonly name: string };
    };
    const checks = receipt.checks?.length ?? 0;
    const rights =
      receipt.profile === undefined
        ? 'no capabilities'
        : `profile ${receipt.profile.name} (its price: docs/profiles.md)`;
    const text =
      event.control === 'sandbox'
        ? `sandbox   ${receipt.runtime?.name ?? ''} ${receipt.runtime?.version ?? ''}, user namespace, seccomp, ${rights}   ${checks} checks held in ${(receipt.probeMs ?? 0).toFixed(1)} ms`
        : `network   deny all but what is allowed by name   ${checks} checks held in ${(receipt.armedMs ?? 0).toFixed(0)} ms`;
    this.#write(`          ${this.#style.faint(text)}\n`);
    const weaker = weakerIn(event);
    if (weaker !== undefined) this.#write(`          ${this.#style.note(`weaker    ${weaker}`)}\n`);
  }

  #finished(event: Of<'step.finished'>): void {
    const step = this.#step(event.job, event.step);
    const mark = {
      success: this.#style.good('✓'),
      failure: this.#style.bad('✗'),
      cancelled: this.#style.note('–'),
      skipped: this.#style.faint('·'),
    }[event.result];
    const seconds = `${(event.durationMs / 1_000).toFixed(1)}s`;
    const exit =
      event.exit === undefined || event.result === 'success'
        ? ''
        : event.exit.signal === null
          ? event.exit.code === null
            ? '   did not start'
            : `   exit ${event.exit.code}`
          : `   ${event.exit.signal}`;
    const net =
      step.hosts.size === 0
        ? ''
        : `   hosts ${step.hosts.size}   ${step.requests} requests   ${formatSize(step.bytesIn)}`;
    const tolerated = event.tolerated === true ? '   (continue-on-error)' : '';
    this.#write(
      `  ${mark} ${visible(event.name).padEnd(34)} ${event.result === 'skipped' ? 'skipped' : seconds}${exit}${tolerated}${this.#style.faint(net)}\n`,
    );
    // What was denied is a reason to read what the step said of it.
    const show = (event.result === 'failure' || step.denials.count > 0) && !this.#verbose;
    for (const line of show ? step.lines : []) this.#write(`     ${this.#style.faint('│')} ${line}\n`);
    const denied = step.denials.render(this.#style, 'cofferdam run');
    if (denied !== '') this.#write(denied.replaceAll(/^/gm, '     ').replace(/ {5}$/, ''));
  }

  #skipped(id: string): string {
    const condition = this.#options.jobs.find((job) => job.id === id)?.if?.text;
    return condition === undefined
      ? 'a job that it needs did not succeed'
      : `its if does not hold: ${visible(condition, 200)}`;
  }

  #ended(event: Of<'job.finished'>): void {
    if (event.result === 'skipped')
      return this.#write(`  ${visible(event.job).padEnd(8)} skipped   ${this.#skipped(event.job)}\n`);
    const usage = (event.usage ?? {}) as {
      readonly cpuMs?: number;
      readonly memoryPeakBytes?: number;
      readonly pidsPeak?: number;
      readonly workspaceBytes?: number;
    };
    const parts = [
      usage.cpuMs === undefined ? '' : `cpu ${(usage.cpuMs / 1_000).toFixed(1)}s`,
      usage.memoryPeakBytes === undefined ? '' : `mem ${formatSize(usage.memoryPeakBytes)}`,
      usage.pidsPeak === undefined ? '' : `pids ${usage.pidsPeak}`,
      usage.workspaceBytes === undefined ? '' : `disk ${formatSize(usage.workspaceBytes)}`,
    ].filter((part) => part !== '');
    const word = event.result === 'success' ? this.#style.good('succeeded') : this.#style.bad(event.result);
    this.#write(
      `  ${visible(event.job).padEnd(8)} ${word} in ${(event.durationMs / 1_000).toFixed(1)}s   ${this.#style.faint(parts.join('  '))}\n`,
    );
  }
}
