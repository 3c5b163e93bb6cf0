// Loaded only when a configuration is read: a command without one must not pay for it.
export { Document, LineCounter, parseAllDocuments, parseDocument, YAMLMap } from 'yaml';
