import type { Span } from '../finding.ts';
import type {
  ActionFile,
  ContainerPart,
  JobPart,
  StepPart,
  UsesPart,
  WorkflowFile,
} from '../repository/model.ts';
import { spanOf } from '../repository/tree.ts';
import type { Subject } from '../subject.ts';
import type { Pin } from './model.ts';
import { pinOf } from './pin.ts';

/** An action or a reusable workflow of another repository, where it is used. */
export interface WantedUse {
  readonly pin: Pin;
  /** Within that repository: a folder of an action, or a workflow\u2019s file; empty for its root. */
  readonly path: string;
  readonly kind: 'action' | 'workflow';
  readonly at: Span;
}

export interface WantedImage {
  readonly name: string;
  readonly at: Span;
}

/** What a file uses from elsewhere, through the actions and workflows of its own repository. */
export interface Wanted {
  readonly uses: readonly WantedUse[];
  readonly images: readonly WantedImage[];
  /** What an expression names, and what is no form of `uses`: nobody can lock it. */
  readonly unnamed: readonly WantedImage[];
}

const MAX_FILES = 1_000;

/** What a file wants from elsewhere. With `calls`, what the reusable workflows of its own repository want is its own. */
export function wantedBy(subject: Subject, file: WorkflowFile | ActionFile, calls: boolean): Wanted {
  const reader = new WantedReader(subject, calls);
  reader.file(file);
  return reader;
}

class WantedReader implements Wanted {
  readonly uses: WantedUse[] = [];
  readonly images: WantedImage[] = [];
  readonly unnamed: WantedImage[] = [];
  readonly #subject: Subject;
  readonly #calls: boolean;
  readonly #seen = new Set<WorkflowFile | ActionFile>();

  constructor(subject: Subject, calls: boolean) {
    this.#subject = subject;
    this.#calls = calls;
  }

  file(file: WorkflowFile | ActionFile): void {
    if (this.#seen.has(file) || this.#seen.size >= MAX_FILES) return;
    this.#seen.add(file);
    if (file.kind === 'action') {
      const { image } = file;
      if (image?.text.startsWith('docker://') === true)
        this.#image(image.text.slice('docker://'.length), spanOf(file.source, image.at, image.text.length));
      for (const step of file.steps) this.#step(file, step);
      return;
    }
    for (const job of file.jobs) {
      for (const container of [...(job.container === undefined ? [] : [job.container]), ...job.services])
        this.#container(file, container);
      for (const step of job.steps) this.#step(file, step, job);
      if (job.uses !== undefined) this.#use(file, job.uses, 'workflow');
      const called = this.#calls ? this.#subject.calledWorkflow(job) : undefined;
      if (called !== undefined) this.file(called);
    }
  }

  #step(file: WorkflowFile | ActionFile, step: StepPart, job?: JobPart): void {
    if (step.uses === undefined) return;
    this.#use(file, step.uses, 'action');
    const called = this.#subject.calledAction(step, job);
    if (called !== undefined) this.file(called);
  }

  #use(file: WorkflowFile | ActionFile, uses: UsesPart, kind: WantedUse['kind']): void {
    const at = spanOf(file.source, uses.at, uses.text.length);
    if (uses.kind === 'docker') return this.#image(uses.image, at);
    if (uses.kind === 'local') return;
    const pin = uses.kind === 'repository' ? pinOf(`${uses.repository}@${uses.ref}`) : undefined;
    if (uses.kind === 'unknown' || pin === undefined) this.unnamed.push({ name: uses.text, at });
    else this.uses.push({ pin, path: uses.path, kind, at });
  }

  #container({ source }: WorkflowFile, { image }: ContainerPart): void {
    if (image !== undefined && image.text !== '')
      this.#image(image.text, spanOf(source, image.at, image.text.length));
  }

  #image(name: string, at: Span): void {
    (/\$\{\{|\s/.test(name) ? this.unnamed : this.images).push({ name, at });
  }
}

/** The digest that an image is named by. */
export function digestOf(image: string): string | undefined {
  return /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1];
}
