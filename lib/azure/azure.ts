import type { Arm } from './arm';
import type { Cloud } from './cloud';
import type { Tokens } from './credential';
import type { Http } from './http';
import type { Workspace } from './workspace';

/** What a task gets of Azure: opened once from its common inputs by `openAzure` (open.ts). */
export interface Azure {
  cloud: Cloud;
  http: Http;
  arm: Arm;
  /** For what is not reached through `http`: the registry's exchange, Kubernetes. */
  tokens: Tokens;
  subscriptionId: string;
  resourceGroup: string;
  /** `/subscriptions/{s}/resourceGroups/{g}` */
  resourceGroupId: string;
  workspace: Workspace;
}
