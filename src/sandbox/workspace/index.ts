export { readJobFile, writeJobFile } from './job-file.ts';
export { openBeneath } from './open-beneath.ts';
export {
  isFull,
  openWorkspace,
  unmountBelow,
  type Workspace,
  type WorkspaceClosed,
  type WorkspaceRequest,
} from './open-workspace.ts';
export { shownPath } from './shown-path.ts';
