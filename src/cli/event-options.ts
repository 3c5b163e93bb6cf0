import { userInfo } from 'node:os';
import { err, ok, type Refusal, refusal, type Result } from '../base/index.ts';
import type { EventOptions } from '../engine/index.ts';
import type { ContextValue } from '../workflow/index.ts';
import type { CommandContext } from './command.ts';
import { readBounded } from './workflow-source.ts';

/** The options that say what a run is for; `run` and `plan` take the same. */
export const EVENT_OPTIONS = {
  event: { type: 'string' },
  'event-file': { type: 'string' },
  fork: { type: 'boolean' },
  action: { type: 'string' },
  ref: { type: 'string' },
  input: { type: 'string', multiple: true },
} as const;

/** Reads them into what an event is synthesised from. The payload file may come from a stranger. */
export async function eventOptions(
  values: {
    readonly event?: string;
    readonly 'event-file'?: string;
    readonly fork?: boolean;
    readonly action?: string;
    readonly ref?: string;
    readonly input?: readonly string[];
  },
  context: CommandContext,
): Promise<Result<EventOptions, Refusal>> {
  const inputs: Record<string, string> = {};
  for (const input of values.input ?? []) {
    const equals = input.indexOf('=');
    if (equals < 1)
      return err(
        refusal(
          'usage',
          'cli/input',
          `--input ${JSON.stringify(input)} is not NAME=VALUE`,
          'write --input NAME=VALUE',
        ),
      );
    inputs[input.slice(0, equals)] = input.slice(equals + 1);
  }
  const payload =
    values['event-file'] === undefined ? ok(undefined) : await readPayload(values['event-file']);
  if (!payload.ok) return payload;
  return ok({
    fork: values.fork === true,
    actor: actor(context),
    inputs,
    now: new Date(),
    ...(values.event !== undefined && { event: values.event }),
    ...(values.action !== undefined && { action: values.action }),
    ...(values.ref !== undefined && { ref: values.ref }),
    ...(payload.value !== undefined && { payload: payload.value, payloadLabel: values['event-file'] ?? '' }),
  });
}

async function readPayload(path: string): Promise<Result<ContextValue, Refusal>> {
  const read = await readBounded(path);
  if (!read.ok) return read;
  try {
    return ok(JSON.parse(read.value.toString('utf8')) as ContextValue);
  } catch {
    return err(
      refusal(
        'usage',
        'event/payload',
        `${path} is not JSON`,
        'give the webhook payload as GitHub sends it',
        { file: path },
      ),
    );
  }
}

function actor(context: CommandContext): string {
  const name = context.environment['SUDO_USER'] ?? userInfo().username;
  return name.replaceAll(/[^\w.-]/g, '-').slice(0, 60) || 'local';
}
