import type { ZoneId } from '../zones.ts';
import { type AllowEntry, type EgressRule, ruleOf } from './rule.ts';

/** An entry with what a reviewer must know of it, which stands behind it as a comment. */
export interface ExplainedEntry {
  readonly entry: AllowEntry;
  readonly because?: string;
}

/**
 * The text of a `cofferdam.yaml` with another allowlist for one zone; all else stays as a person wrote it. `text` must be a
 * configuration that was checked, or empty. Comments are one line of visible characters: what a job called itself cannot end one.
 */
export async function withAllowlist(
  text: string,
  zone: ZoneId,
  entries: readonly ExplainedEntry[],
): Promise<string> {
  const { Document, parseDocument, YAMLMap } = await import('../yaml-library.ts');
  const document =
    text.trim() === '' ? new Document({ version: 1 }) : parseDocument(text, { uniqueKeys: false });
  const list = document.createNode(entries.map(({ entry }) => written(entry)));
  list.flow = false;
  for (const [at, { because }] of entries.entries()) {
    const node = list.items[at];
    if (because === undefined || typeof node !== 'object' || node === null) continue;
    const comment = ` ${because.replaceAll(/[^\x20-\x7e]/g, '?')}`;
    if (node instanceof YAMLMap) node.commentBefore = comment;
    else node.comment = comment;
  }
  const path = ['zones', zone, 'egress', 'allow'];
  document.setIn(path, list);
  // Inside of braces a list of lines with comments cannot be read.
  for (let depth = 1; depth < path.length; depth += 1) {
    const above = document.getIn(path.slice(0, depth));
    if (above instanceof YAMLMap) above.flow = false;
  }
  return document.toString({ lineWidth: 0 });
}

function written(entry: AllowEntry): unknown {
  if (typeof entry === 'string') return entry;
  const { to, programs, uploadBytes, downloadBytes, ...rest }: EgressRule = ruleOf(entry);
  return {
    to,
    ...(programs !== undefined && {
      programs: programs.map((one) => (Object.keys(one).length === 1 ? one.run : one)),
    }),
    ...rest,
    ...(uploadBytes !== undefined && { upload: `${uploadBytes}B` }),
    ...(downloadBytes !== undefined && { download: `${downloadBytes}B` }),
  };
}
