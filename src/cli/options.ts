import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type AllowEntry, ruleFromText } from '../config/index.ts';
import { nearest } from './nearest.ts';
import { type Refusal, type Result, err, ok, parseDuration, refusal } from '../base/index.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

type Values<O extends Options> = {
  readonly [K in keyof O]?: O[K] extends { multiple: true }
    ? readonly (O[K]['type'] extends 'boolean' ? boolean : string)[]
    : O[K]['type'] extends 'boolean'
      ? boolean
      : string;
};

export interface Parsed<O extends Options> {
  readonly values: Values<O>;
  readonly positionals: readonly string[];
  /** What stands after `--`. */
  readonly rest: readonly string[];
}

/** Parses a command's own arguments; an unknown option names the nearest that exists. */
export function parseOptions<const O extends Options>(
  command: string,
  args: readonly string[],
  options: O,
): Result<Parsed<O>, Refusal> {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  try {
    const parsed = parseArgs({
      args: [...own],
      options: { help: { type: 'boolean', short: 'h' }, ...options },
      allowPositionals: true,
      strict: true,
    });
    return ok({
      values: parsed.values as Values<O>,
      positionals: parsed.positionals,
      rest: end === -1 ? [] : args.slice(end + 1),
    });
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('. To specify')[0] ?? '') : String(error);
    return err(
      refusal('usage', 'cli/option', why.replace(/\.$/, ''), meant(command, own, Object.keys(options))),
    );
  }
}

/** The nearest option to the first that does not exist. */
function meant(command: string, args: readonly string[], names: readonly string[]): string {
  const unknown = args
    .filter((arg) => arg.startsWith('--'))
    .map((arg) => arg.slice(2).split('=')[0] ?? '')
    .find((name) => !names.includes(name) && name !== 'help');
  const other = unknown === undefined ? undefined : nearest(unknown, names);
  return `${other === undefined ? '' : `did you mean --${other}? Else `}see cofferdam ${command} --help`;
}

/** One of a few words. */
export function oneOf<const W extends string>(
  option: string,
  given: string | undefined,
  words: readonly W[],
): Result<W | undefined, Refusal> {
  if (given === undefined) return ok(undefined);
  const found = words.find((word) => word === given);
  return found === undefined
    ? err(
        refusal(
          'usage',
          'cli/value',
          `${JSON.stringify(given)} is not a value of --${option}`,
          `use one of ${words.join(', ')}`,
        ),
      )
    : ok(found);
}

/** `NAME=VALUE` with a name that is not empty; the same name may come several times. */
export function pairs(
  option: string,
  given: readonly string[],
): Result<ReadonlyMap<string, readonly string[]>, Refusal> {
  const found = new Map<string, string[]>();
  for (const entry of given) {
    const equals = entry.indexOf('=');
    if (equals < 1) {
      const why = `--${option} ${JSON.stringify(entry)} is not NAME=VALUE`;
      return err(refusal('usage', 'cli/value', why, `write --${option} NAME=VALUE`));
    }
    const name = entry.slice(0, equals);
    found.set(name, [...(found.get(name) ?? []), entry.slice(equals + 1)]);
  }
  return ok(found);
}

/** A duration such as `90s` or `10m`, in milliseconds. */
export function duration(option: string, given: string | undefined): Result<number | undefined, Refusal> {
  if (given === undefined) return ok(undefined);
  const found = parseDuration(given);
  return found === undefined || found === 0
    ? err(
        refusal(
          'usage',
          'cli/value',
          `${JSON.stringify(given)} is not a duration for --${option}`,
          'write 90s, 10m or 2h',
        ),
      )
    : ok(found);
}

/** `NAME=VALUE`, or `NAME` for the value that it has outside. */
export function environmentOption(
  given: readonly string[],
  outside: Readonly<Record<string, string | undefined>>,
): Result<Readonly<Record<string, string>>, Refusal> {
  const environment: Record<string, string> = {};
  for (const entry of given) {
    const equals = entry.indexOf('=');
    const name = equals === -1 ? entry : entry.slice(0, equals);
    const value = equals === -1 ? outside[name] : entry.slice(equals + 1);
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,199}$/.test(name) || value === undefined || value.includes('\0')) {
      return err(
        refusal(
          'usage',
          'cli/environment',
          `--env ${JSON.stringify(entry)} does not name a variable that is set`,
          'write --env NAME=VALUE, or --env NAME for one that is set here',
        ),
      );
    }
    environment[name] = value;
  }
  return ok(environment);
}

/** `--allow`: `host`, `host:port`, `*.host`, `@preset`, each with methods before it and a path behind it if need be. */
export function allowOption(given: readonly string[]): Result<readonly AllowEntry[], Refusal> {
  const entries: AllowEntry[] = [];
  for (const text of given) {
    const rule = ruleFromText(text);
    if (rule === undefined) {
      const why = `--allow ${JSON.stringify(text)} is not a destination`;
      const fix = "write --allow registry.test, --allow api.test:8443, or --allow 'GET,HEAD api.test/v1/**'";
      return err(refusal('usage', 'egress/allowlist', why, fix));
    }
    entries.push(rule);
  }
  return ok(entries);
}
