import { type GatheredFile, lineAt, type Source, sourceOf, type Span } from '../../gate/index.ts';

/** The texts of the files in which findings are, each made when it is asked for: most files have none. */
export interface Sources {
  /** Those in which comments may answer for findings, in the order of the files. */
  readonly commented: readonly Source[];
  at(path: string): Source | undefined;
  /** The line of a place; empty where there is none. */
  lineOf(at: Span): string;
}

const ANSWERS = 'ignore[';

/** Of sources that are here. */
export function sourcesRead(all: readonly Source[]): Sources {
  const known = new Map(all.map((source) => [source.path, source]));
  return sourcesFrom(
    all.filter(({ text }) => text.includes(ANSWERS)),
    (path) => known.get(path),
  );
}

/** Of files by their paths; undefined when one of them could not be read. */
export function sourcesAt(paths: readonly string[], files: readonly GatheredFile[]): Sources | undefined {
  const read = new Map(files.map((file) => [file.path, file.read]));
  const bytes = new Map<string, Uint8Array>();
  for (const path of paths) {
    const one = read.get(path);
    if (one?.ok !== true) return undefined;
    bytes.set(path, one.value);
  }
  const made = new Map<string, Source>();
  const at = (path: string): Source | undefined => {
    const known = made.get(path);
    const held = bytes.get(path);
    if (known !== undefined || held === undefined) return known;
    const source = sourceOf(path, new TextDecoder().decode(held));
    made.set(path, source);
    return source;
  };
  // These characters are the same bytes in UTF-8, and no part of others.
  const commented = [...bytes].flatMap(([path, held]) =>
    Buffer.from(held.buffer, held.byteOffset, held.byteLength).includes(ANSWERS) ? (at(path) ?? []) : [],
  );
  return sourcesFrom(commented, at);
}

function sourcesFrom(commented: readonly Source[], at: Sources['at']): Sources {
  return {
    commented,
    at,
    lineOf: ({ file, line }) => {
      const source = at(file);
      return source === undefined ? '' : lineAt(source, line);
    },
  };
}
