// Loaded only when a configuration is read: a command without one must not pay for it.
export {
  Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  parseDocument,
  YAMLMap,
} from 'yaml';
