import type { Arm } from './arm';
import type { Cloud } from './cloud';
import type { Http } from './http';
import type { Workspace } from './workspace';

/** What a task gets of Azure: opened once from its common inputs by `openAzure` (open.ts). */
export interface Azure {
  cloud: Cloud;
  http: Http;
  arm: Arm;
  subscriptionId: string;
  resourceGroup: string;
  /** `/subscriptions/{s}/resourceGroups/{g}` */
  resourceGroupId: string;
  workspace: Workspace;
}
