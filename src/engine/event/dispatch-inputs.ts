import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';
import type { ContextValue, DispatchInput, Workflow } from '../../workflow/index.ts';
import type { RunEvent } from './event.ts';

export interface Dispatched {
  /** The `inputs` context: truth values and numbers keep their type. */
  readonly inputs: { readonly [key: string]: ContextValue };
  /** The event, whose payload holds the same as text, as GitHub has it. */
  readonly event: RunEvent;
}

/**
 * Settles the inputs of a `workflow_dispatch` by what the workflow says of them: defaults, types, options. Refuses an
 * input that the workflow does not know, lacks, or that is of another type. Other events have none.
 */
export function dispatchInputs(event: RunEvent, workflow: Workflow): Result<Dispatched, Refusal> {
  if (event.name !== 'workflow_dispatch') return ok({ inputs: {}, event: asTriggered(event, workflow) });
  const known = workflow.events.find((trigger) => trigger.event === event.name)?.inputs ?? [];
  const given = Object.entries(mapping(event.payload['inputs']));
  for (const [name] of given) {
    if (known.some((input) => same(input.name, name))) continue;
    const names = known.map((input) => input.name).join(', ') || 'none';
    return refuse(`the workflow has no input ${JSON.stringify(name.slice(0, 100))}`, `it has: ${names}`);
  }
  const inputs: Record<string, ContextValue> = {};
  const texts: Record<string, ContextValue> = {};
  for (const input of known) {
    const value = given.find(([name]) => same(input.name, name))?.[1] ?? input.default;
    if ((value === undefined || value === '') && input.required)
      return refuse(`the input ${input.name} is required`, `give it with --input ${input.name}=VALUE`);
    const typed = typedValue(input, value);
    if (!typed.ok) return typed;
    inputs[input.name] = typed.value;
    texts[input.name] = String(typed.value);
  }
  return ok({ inputs, event: { ...event, payload: { ...event.payload, inputs: texts } } });
}

/** What a synthesised payload leaves to the workflow: which of its schedules it is, and which workflow ran before. */
function asTriggered(event: RunEvent, workflow: Workflow): RunEvent {
  if (event.payloadSource !== 'synthesised') return event;
  const trigger = workflow.events.find((one) => one.event === event.name);
  const { payload } = event;
  if (event.name === 'schedule')
    return { ...event, payload: { ...payload, schedule: trigger?.cron?.[0] ?? null } };
  const name = trigger?.workflows?.[0];
  if (event.name !== 'workflow_run' || name === undefined) return event;
  return { ...event, payload: { ...payload, workflow_run: { ...mapping(payload['workflow_run']), name } } };
}

function typedValue(input: DispatchInput, value: ContextValue | undefined): Result<ContextValue, Refusal> {
  const text = value === undefined || value === null ? '' : String(value);
  switch (input.type) {
    case 'boolean':
      return text === 'true' || text === 'false' || text === ''
        ? ok(text === 'true')
        : refuse(`the input ${input.name} is true or false`, `not ${JSON.stringify(text.slice(0, 60))}`);
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text))
        ? ok(Number(text))
        : text === ''
          ? ok('')
          : refuse(`the input ${input.name} is a number`, `not ${JSON.stringify(text.slice(0, 60))}`);
    case 'choice': {
      const options = input.options ?? [];
      const chosen = value === undefined ? (options[0] ?? '') : text;
      return options.includes(chosen)
        ? ok(chosen)
        : refuse(`the input ${input.name} is one of ${options.join(', ')}`, 'choose one of them');
    }
    case 'string':
    case 'environment':
      return ok(text);
  }
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function mapping(value: ContextValue | undefined): { readonly [key: string]: ContextValue } {
  return value !== undefined && value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as { readonly [key: string]: ContextValue })
    : {};
}

function refuse(why: string, fix: string): Result<never, Refusal> {
  return err(refusal('usage', 'event/input', why, fix));
}
