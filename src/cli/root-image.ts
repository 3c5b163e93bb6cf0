import { ok, type Refusal, type Result } from '../base/index.ts';
import { openImage, type RootImage } from '../sandbox/index.ts';
import type { StateFolder } from '../store/index.ts';
import type { CommandContext } from './command.ts';

/** The option that makes the job's root of an image instead of the host's `/usr`. */
export const ROOT_IMAGE_OPTION = { 'root-image': { type: 'string' } } as const;

/** Opens what the option names. Unpacking it is said on a terminal, as it may take a while. */
export async function rootImage(
  context: CommandContext,
  state: StateFolder,
  values: { readonly 'root-image'?: string },
): Promise<Result<RootImage | undefined, Refusal>> {
  const path = values['root-image'];
  if (path === undefined) return ok(undefined);
  return openImage(path, state.directory, () => {
    if (context.stderr.isTTY === true) context.stderr.write('unpacking the image, once\n');
  });
}
