type Stream = NodeJS.WritableStream;

/** Characters: one write for each piece is slow, and one for all of them holds all. */
const CHUNK = 65_536;

/** Writes pieces of text in few writes, and waits for a slow reader. One that has gone (`| head`) is given nothing more. */
export async function writeInChunks<T>(
  stream: Stream,
  pieces: Iterable<T>,
  render: (piece: T) => string,
): Promise<void> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += render(piece);
    if (chunk.length < CHUNK) continue;
    if (!stream.write(chunk) && !(await drained(stream))) return;
    chunk = '';
  }
  if (chunk !== '') stream.write(chunk);
}

/** Whether there is room again, or nobody who reads: whoever owns the stream says what that means. */
function drained(stream: Stream): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (has: boolean): void => {
      stream.off('drain', hasRoom).off('error', isGone).off('close', isGone);
      resolve(has);
    };
    const hasRoom = (): void => settle(true);
    const isGone = (): void => settle(false);
    stream.on('drain', hasRoom).on('error', isGone).on('close', isGone);
  });
}
