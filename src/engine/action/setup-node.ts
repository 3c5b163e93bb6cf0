import { refusal } from '../../base/index.ts';
import { readJobFile } from '../../sandbox/index.ts';
import { failedStep } from '../step/job-process.ts';
import type { StepFrame, StepWork } from '../step/step-context.ts';
import { USER_PROGRAMS } from '../exec/host-programs.ts';
import { chooseNode, toInstall } from './host-tools.ts';

const MAX_VERSION_FILE = 65_536;

/** `actions/setup-node`: puts a Node.js of this machine in front of the search path. Nothing is downloaded. */
export async function runSetupNode(inputs: ReadonlyMap<string, string>, frame: StepFrame): Promise<StepWork> {
  const { context } = frame;
  const asked = await askedVersion(inputs, frame);
  if (typeof asked !== 'string') return failedStep(frame, asked);
  const tool = chooseNode(context.tools, asked);
  if (!tool.ok) return failedStep(frame, tool.error);
  const { binDirectory, npmLacks, version } = tool.value;
  if (npmLacks !== undefined)
    return failedStep(frame, refusal('machine', 'tools/npm-missing', npmLacks, toInstall(version)));
  // What the job installs by npm install -g comes before what the tool has, as in the tool's own folder.
  for (const folder of [binDirectory, USER_PROGRAMS]) context.state.addPath(folder);
  context.log.line(Buffer.from(`Node.js ${tool.value.version} of this machine`), false);
  if ((inputs.get('cache') ?? '') !== '') {
    context.log.line(
      Buffer.from('The input cache is accepted and keeps nothing: no cache is shared between jobs yet'),
      false,
    );
  }
  return { outcome: 'success', outputs: { 'node-version': `v${tool.value.version}`, 'cache-hit': 'false' } };
}

async function askedVersion(
  inputs: ReadonlyMap<string, string>,
  frame: StepFrame,
): Promise<string | ReturnType<typeof refusal>> {
  const version = inputs.get('node-version') ?? '';
  if (version !== '') return version;
  const file = inputs.get('node-version-file') ?? '';
  if (file === '') return '*';
  const { context } = frame;
  const read = await readJobFile(context.cell.sandbox.workspace.mergedHostPath, file, {
    maxBytes: MAX_VERSION_FILE,
  });
  const text = read.ok && read.value !== undefined ? Buffer.from(read.value).toString('utf8') : undefined;
  const found = text === undefined ? undefined : versionIn(text);
  return (
    found ??
    refusal(
      'usage',
      'setup-node/version-file',
      `${JSON.stringify(file)} holds no Node.js version`,
      'write the version into the file, or give node-version',
    )
  );
}

/** `.nvmrc`, `.node-version`, `.tool-versions` or `package.json` (`volta.node`, then `engines.node`). */
export function versionIn(text: string): string | undefined {
  if (text.trimStart().startsWith('{')) {
    try {
      const parsed: unknown = JSON.parse(text);
      return stringAt(parsed, 'volta', 'node') ?? stringAt(parsed, 'engines', 'node');
    } catch {
      return undefined;
    }
  }
  const match = /^\s*(?:node(?:js)?\s+)?v?([^\s#]{1,60})/m.exec(text.slice(0, MAX_VERSION_FILE));
  return match?.[1];
}

function stringAt(value: unknown, ...path: readonly string[]): string | undefined {
  let at: unknown = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return typeof at === 'string' ? at : undefined;
}
