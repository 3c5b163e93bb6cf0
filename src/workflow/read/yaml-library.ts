// Loaded only when a workflow is read: a command without one must not pay for it.
export {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseAllDocuments,
} from 'yaml';
