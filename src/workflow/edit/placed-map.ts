import type { Pair, Scalar, YAMLMap } from 'yaml';

/** What tells the kinds of nodes apart: loaded with the library. */
export type Yaml = Pick<
  typeof import('../read/yaml-library.ts'),
  'isAlias' | 'isCollection' | 'isMap' | 'isNode' | 'isPair' | 'isScalar' | 'isSeq'
>;

/** A mapping of a file, with what is around it. */
export interface PlacedMap {
  readonly yaml: Yaml;
  readonly text: string;
  readonly map: YAMLMap;
  /** One level of indentation, as the file has it. */
  readonly step: string;
}

export function eolOf(text: string): string {
  return text.includes('\r\n') ? '\r\n' : '\n';
}

export function pairOf(yaml: Yaml, map: YAMLMap, key: string): Pair | undefined {
  return map.items.find(({ key: one }) => yaml.isScalar(one) && String((one as Scalar).value) === key);
}
