// Loaded only when a configuration is read: a command without one must not pay for it.
export {
  Document,
  isAlias,
  isNode,
  isScalar,
  LineCounter,
  parseAllDocuments,
  parseDocument,
  visit,
  YAMLMap,
} from 'yaml';
