export { readJobFile, writeJobFile } from './job-file.ts';
export { errnoName, inFolder, openBeneath, openFolder, pathNames } from './open-beneath.ts';
export {
  isFull,
  KEPT_TOO_LARGE,
  openWorkspace,
  unmountBelow,
  type Workspace,
  type WorkspaceClosed,
  type WorkspaceRequest,
} from './open-workspace.ts';
export { shownPath } from './shown-path.ts';
