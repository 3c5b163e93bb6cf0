import { type Finding, PERSONAS, SEVERITIES, type Source, type Span } from '../../gate/index.ts';
import { packed, unpacked } from './packed-json.ts';

/** What is kept of a judgement: before policy, comments and what was asked for. */
export interface Answer {
  /** All of them, also where those are more than are told. */
  readonly findings: readonly Finding[];
  readonly files: number;
  /** Paths, in their order. */
  readonly sources: readonly string[];
}

/** What is to be kept of an answer; undefined for one that cannot be. */
export function keepAnswer(findings: readonly Finding[], files: number, sources: readonly Source[]): unknown {
  return packed({ findings, files, sources: sources.map(({ path }) => path) });
}

/** An answer that was kept; undefined when it is not in its shape. */
export function keptAnswer(held: unknown): Answer | undefined {
  const value = unpacked(held);
  if (!isObject(value)) return undefined;
  const { findings, files, sources } = value;
  if (typeof files !== 'number' || !Array.isArray(sources) || !Array.isArray(findings)) return undefined;
  const paths: readonly unknown[] = sources;
  const found: readonly unknown[] = findings;
  if (!paths.every((path) => typeof path === 'string') || !found.every(isFinding)) return undefined;
  return { findings: found, files, sources: paths };
}

function isFinding(value: unknown): value is Finding {
  if (!isObject(value)) return false;
  const { rule, message, fix, at, severity, confidence, persona, flow, events, job } = value;
  return (
    [rule, message, fix].every((text) => typeof text === 'string') &&
    isSpan(at) &&
    SEVERITIES.some((one) => one === severity) &&
    ['low', 'medium', 'high'].some((one) => one === confidence) &&
    PERSONAS.some((one) => one === persona) &&
    (flow === undefined || (Array.isArray(flow) && flow.every(isHop))) &&
    (events === undefined || (Array.isArray(events) && events.every((one) => typeof one === 'string'))) &&
    (job === undefined || typeof job === 'string')
  );
}

function isHop(value: unknown): boolean {
  return isObject(value) && isSpan(value['at']) && typeof value['what'] === 'string';
}

function isSpan(value: unknown): value is Span {
  if (!isObject(value)) return false;
  const { file, line, column, length, end } = value;
  return (
    typeof file === 'string' &&
    [line, column, length].every((one) => typeof one === 'number') &&
    (end === undefined ||
      (isObject(end) && typeof end['line'] === 'number' && typeof end['column'] === 'number'))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
