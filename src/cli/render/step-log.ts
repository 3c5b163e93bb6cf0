type Write = (chunk: string | Uint8Array, ...rest: readonly unknown[]) => boolean;

/**
 * Takes the commands out of text that is written to a step's log on GitHub, where a stranger's words may stand in it: the runner obeys
 * `##[error]` and its like anywhere in a line (actions/runner, ActionCommand.cs). At the beginning of a line, where `::error::` is one, only
 * our own words stand. Bytes are left as they are: they are for programs.
 */
export function disarmLog(stream: NodeJS.WritableStream): void {
  const write = stream.write.bind(stream) as Write;
  const disarmed: Write = (chunk, ...rest) =>
    write(typeof chunk === 'string' ? chunk.replaceAll('##[', '# #[') : chunk, ...rest);
  stream.write = disarmed as typeof stream.write;
}
