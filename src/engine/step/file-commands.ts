import { type Refusal, type Result, err, ok, refusal } from '../../base/index.ts';
import { readJobFile, type Sandbox, writeJobFile } from '../../sandbox/index.ts';
import { parseEnvironmentFile, parsePathFile } from '../../workflow/index.ts';

/** The five files through which a step speaks (GitHub's workflow commands, "Environment files"). */
const FILES = {
  GITHUB_ENV: 'env',
  GITHUB_OUTPUT: 'output',
  GITHUB_PATH: 'path',
  GITHUB_STATE: 'state',
  GITHUB_STEP_SUMMARY: 'summary',
} as const;
type FileVariable = keyof typeof FILES;

/** GitHub's bound for a summary; the others hold variables, for which it is ample. */
const MAX_BYTES = 1_048_576;

export interface FileCommands {
  /** The variables that name the files, as the step sees them. */
  readonly environment: Readonly<Record<FileVariable, string>>;
  /**
   * Reads what the step wrote. The files are the job's: a link, a pipe or a device in their place, or one too large, is
   * refused and fails the step.
   */
  read(): Promise<Result<FileCommandData, Refusal>>;
}

export interface FileCommandData {
  readonly variables: readonly (readonly [string, string])[];
  readonly outputs: readonly (readonly [string, string])[];
  readonly state: readonly (readonly [string, string])[];
  readonly paths: readonly string[];
  readonly summary: string;
}

/** Makes the five files of one step, empty, in a folder of their own. `name` is unique within the job. */
export async function openFileCommands(
  sandbox: Sandbox,
  name: string,
): Promise<Result<FileCommands, Refusal>> {
  const folder = `commands-${name}`;
  for (const file of Object.values(FILES)) {
    const made = await writeJobFile(sandbox.exchange.hostPath, `${folder}/${file}`, new Uint8Array(), {
      mode: 0o666,
    });
    if (!made.ok) return made;
  }
  const inside = (file: string): string => `${sandbox.exchange.path}/${folder}/${file}`;
  return ok({
    environment: {
      GITHUB_ENV: inside(FILES.GITHUB_ENV),
      GITHUB_OUTPUT: inside(FILES.GITHUB_OUTPUT),
      GITHUB_PATH: inside(FILES.GITHUB_PATH),
      GITHUB_STATE: inside(FILES.GITHUB_STATE),
      GITHUB_STEP_SUMMARY: inside(FILES.GITHUB_STEP_SUMMARY),
    },
    read: () => readAll(sandbox.exchange.hostPath, folder),
  });
}

async function readAll(root: string, folder: string): Promise<Result<FileCommandData, Refusal>> {
  const bytes = async (variable: FileVariable): Promise<Result<Uint8Array, Refusal>> => {
    const read = await readJobFile(root, `${folder}/${FILES[variable]}`, { maxBytes: MAX_BYTES });
    if (read.ok) return ok(read.value ?? new Uint8Array());
    return err(
      refusal(
        'policy',
        'commands/file',
        `the file of ${variable} cannot be taken: ${read.error.why}`,
        'write lines to the file that the variable names, and leave it in place',
      ),
    );
  };
  const [env, output, path, state, summary] = await Promise.all([
    bytes('GITHUB_ENV'),
    bytes('GITHUB_OUTPUT'),
    bytes('GITHUB_PATH'),
    bytes('GITHUB_STATE'),
    bytes('GITHUB_STEP_SUMMARY'),
  ]);
  if (!env.ok) return env;
  if (!output.ok) return output;
  if (!path.ok) return path;
  if (!state.ok) return state;
  if (!summary.ok) return summary;
  const variables = parseEnvironmentFile(env.value, 'GITHUB_ENV');
  if (!variables.ok) return variables;
  const outputs = parseEnvironmentFile(output.value, 'GITHUB_OUTPUT');
  if (!outputs.ok) return outputs;
  const states = parseEnvironmentFile(state.value, 'GITHUB_STATE');
  if (!states.ok) return states;
  const paths = parsePathFile(path.value);
  if (!paths.ok) return paths;
  return ok({
    variables: variables.value,
    outputs: outputs.value,
    state: states.value,
    paths: paths.value,
    summary: Buffer.from(summary.value).toString('utf8'),
  });
}
