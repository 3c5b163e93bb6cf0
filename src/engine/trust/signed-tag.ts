import { git } from '../repository/git.ts';
import { sshSigner } from './ssh-signature.ts';

/** Whether a tag is signed by somebody the operator named, and the words that say so or why not. */
export interface TagSignature {
  readonly valid: boolean;
  readonly why: string;
}

const BEGIN = '\n-----BEGIN SSH SIGNATURE-----\n';
const MAX_TAG_BYTES = 1_048_576;

/** The parts of an annotated tag object that are signed (gitformat-signature(5)). */
interface TagObject {
  readonly target: string;
  readonly name: string;
  readonly payload: Buffer;
  readonly signature?: Buffer;
}

/**
 * Reads a tag object strictly: its headers in their one order, each once. Undefined when it is anything else.
 */
export function parseTag(bytes: Buffer): TagObject | undefined {
  if (bytes.length > MAX_TAG_BYTES) return undefined;
  const text = bytes.toString('latin1');
  const header =
    /^object ([0-9a-f]{40}|[0-9a-f]{64})\ntype commit\ntag ([^\0\n]{1,250})\ntagger [^\0\n]{1,1000}\n\n/.exec(
      text,
    );
  if (header?.[1] === undefined || header[2] === undefined) return undefined;
  const begin = text.indexOf(BEGIN, header[0].length - 1);
  const name = Buffer.from(header[2], 'latin1').toString('utf8');
  if (begin < 0) return { target: header[1], name, payload: bytes };
  const payload = bytes.subarray(0, begin + 1);
  return { target: header[1], name, payload, signature: bytes.subarray(begin + 1) };
}

/**
 * Verifies the SSH signature of the tag `refs/tags/NAME` against an allowed-signers file (ssh-keygen(1)). The tag object
 * must name itself NAME and point at `commit`: a valid signature moved to another name or commit proves nothing
 * (git's own check leaves the name to the caller). Keys are valid now or not at all: a tag may carry any date it likes.
 */
export async function verifyTag(
  directory: string,
  ref: string,
  commit: string,
  allowedSigners: Buffer,
): Promise<TagSignature> {
  const no = (why: string): TagSignature => ({ valid: false, why });
  const object = await git(directory, ['cat-file', 'tag', ref]);
  if (!object.ok) return no('the tag is not annotated, so that nobody signed it');
  const tag = parseTag(object.value);
  if (tag === undefined) return no('the tag object has an unexpected form');
  if (`refs/tags/${tag.name}` !== ref)
    return no(`the tag object was made for another tag, ${JSON.stringify(tag.name)}`);
  if (tag.target !== commit) return no('the tag object is for another commit');
  if (tag.signature === undefined) return no('the tag has no SSH signature');
  const signer = await sshSigner(tag.payload, tag.signature, allowedSigners, 'git', 'tag');
  return signer.ok ? { valid: true, why: `signed by ${signer.value}` } : no(signer.error);
}
