import { err, ok, type Refusal, refusal, type Result } from '../../base/index.ts';

export type CommandFile = 'GITHUB_ENV' | 'GITHUB_OUTPUT' | 'GITHUB_STATE';
type Pairs = readonly (readonly [string, string])[];

/** Bounds on what one step may leave. */
const MAX_PAIRS = 5_000;
const MAX_NAME = 1_000;

/**
 * Reads a command file: `NAME=VALUE`, or `NAME<<DELIMITER`, lines, `DELIMITER`. The file is the job's: anything that the
 * runner would not take is refused as a whole. A variable may not turn another program's options over (NODE_OPTIONS), nor
 * pose as one of the runner's own.
 */
export function parseEnvironmentFile(bytes: Uint8Array, file: CommandFile): Result<Pairs, Refusal> {
  const text = decode(bytes, file);
  if (!text.ok) return text;
  const lines = text.value.split('\n');
  // What follows the last newline is a line only when there is something.
  if (lines.at(-1) === '') lines.pop();
  const pairs: (readonly [string, string])[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = (lines[at] ?? '').replace(/\r$/, '');
    if (line === '') continue;
    const equals = line.indexOf('=');
    const heredoc = line.indexOf('<<');
    let pair: readonly [string, string];
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      pair = [line.slice(0, equals), line.slice(equals + 1)];
    } else if (heredoc >= 0) {
      const delimiter = line.slice(heredoc + 2);
      const end = delimited(lines, at + 1, delimiter);
      if (delimiter === '' || end === -1)
        return refuse(file, `the delimiter ${JSON.stringify(delimiter.slice(0, 60))} is not found again`);
      pair = [line.slice(0, heredoc), lines.slice(at + 1, end).join('\n')];
      at = end;
    } else
      return refuse(
        file,
        `the line ${JSON.stringify(line.slice(0, 60))} is neither NAME=VALUE nor NAME<<DELIMITER`,
      );
    const bad = badName(pair[0], file);
    if (bad !== undefined) return refuse(file, bad);
    pairs.push(pair);
    if (pairs.length > MAX_PAIRS) return refuse(file, `there are more than ${MAX_PAIRS} values`);
  }
  return ok(pairs);
}

/** Where the delimiter stands again, from a line on. */
function delimited(lines: readonly string[], from: number, delimiter: string): number {
  for (let at = from; at < lines.length; at += 1) {
    if (lines[at]?.replace(/\r$/, '') === delimiter) return at;
  }
  return -1;
}

function badName(name: string, file: CommandFile): string | undefined {
  if (name === '') return 'a name is empty';
  if (name.length > MAX_NAME) return 'a name is too long';
  if (file !== 'GITHUB_ENV') return undefined;
  const upper = name.toUpperCase();
  if (upper === 'NODE_OPTIONS') return 'NODE_OPTIONS cannot be set this way, as on GitHub';
  if (upper.startsWith('GITHUB_') || upper.startsWith('RUNNER_'))
    return `${JSON.stringify(name.slice(0, 60))} is one of the runner\u2019s own variables`;
  return undefined;
}

/** Reads `GITHUB_PATH`: a folder on each line. */
export function parsePathFile(bytes: Uint8Array): Result<readonly string[], Refusal> {
  const text = decode(bytes, 'GITHUB_PATH');
  if (!text.ok) return text;
  const paths = text.value
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line.trim() !== '');
  if (paths.length > MAX_PAIRS || paths.some((path) => path.length > 4_096))
    return refuse('GITHUB_PATH', 'there are too many paths, or one is too long');
  return ok(paths);
}

function decode(bytes: Uint8Array, file: string): Result<string, Refusal> {
  const text = new TextDecoder('utf-8').decode(bytes);
  return text.includes('\0') ? refuse(file, 'it holds a NUL character') : ok(text);
}

function refuse(file: string, why: string): Result<never, Refusal> {
  return err(
    refusal(
      'policy',
      'commands/file-content',
      `what the step wrote to ${file} cannot be taken: ${why}`,
      'write NAME=VALUE, or NAME<<DELIMITER with the value and DELIMITER on lines of their own',
    ),
  );
}
