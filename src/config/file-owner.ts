import { readFileSync, readlinkSync, readSync, type Stats, writeSync } from 'node:fs';

/** Where `native/rootless` leaves the one who can see to whom a file belongs. */
const WITNESS = 15;
const OWNER = 'o';
const ANSWER = /^(\d{1,10}) (\d{1,20}) (\d{1,20})$/;

/** Asks outside of the user namespace about a path; undefined when there is nobody to ask, or nothing to be seen. */
export type Witness = (path: string) => string | undefined;

/**
 * To whom a file belongs. In a user namespace, root of the machine has no id and looks like any other stranger; then the
 * witness outside is asked, who must see the very same file at the path, of which no part but the last may be a link. Root of the machine is 0, as
 * is the user whose namespace it is.
 */
export function ownerOf(
  path: string,
  found: Pick<Stats, 'uid' | 'dev' | 'ino'>,
  nobody = overflowUid(),
  witness: Witness = askWitness,
): number {
  if (found.uid !== nobody) return found.uid;
  const [, uid, dev, ino] = ANSWER.exec(witness(path) ?? '') ?? [];
  return Number(uid) === 0 && Number(dev) === found.dev && Number(ino) === found.ino ? 0 : found.uid;
}

/** The id that stands for all that a user namespace does not have (user_namespaces(7)). */
function overflowUid(): number {
  try {
    return Number(readFileSync('/proc/sys/kernel/overflowuid', 'latin1').trim());
  } catch {
    return 65_534;
  }
}

function askWitness(path: string): string | undefined {
  try {
    // Outside of such a namespace another program may have left anything there.
    if (process.geteuid?.() !== 0 || !readlinkSync(`/proc/self/fd/${WITNESS}`).startsWith('socket:'))
      return undefined;
    writeSync(WITNESS, `${OWNER}${path}`);
    const answer = Buffer.alloc(96);
    return answer.toString('latin1', 0, readSync(WITNESS, answer));
  } catch {
    return undefined;
  }
}
