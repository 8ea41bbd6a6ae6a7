import { isRecord } from '../../agent/json';
import { namedProperties } from '../parts/job';

/** Machines of nodes as the clients write them into a job: most members as in the file, some as in other requests. */

const ofMachines = { max_instance_count: 'maxInstanceCount' };

const ofRay = {
  include_dashboard: 'includeDashboard',
  dashboard_port: 'dashboardPort',
  head_node_additional_args: 'headNodeAdditionalArgs',
  worker_node_additional_args: 'workerNodeAdditionalArgs',
};

/** A node's members with `resources` and `distribution` as they go out; a component has them as they are in its file. */
export function machinesOnWire({ resources, distribution, ...members }: Members): Members {
  return {
    ...members,
    resources: isRecord(resources) ? resourcesOnWire(resources) : resources,
    distribution: isRecord(distribution) ? renamed(distribution, ofRay) : distribution,
  };
}

type Members = Record<string, unknown>;

/** A list of arguments for Docker is another member than a text of them. */
function resourcesOnWire(resources: Members): Members {
  const { docker_args: args, properties, ...rest } = renamed(resources, ofMachines);
  return {
    ...rest,
    ...(Array.isArray(args) && args.length > 0 ? { docker_args_list: args } : { docker_args: args }),
    properties: isRecord(properties) ? namedProperties(properties) : properties,
  };
}

function renamed(members: Members, names: Readonly<Record<string, string>>): Members {
  return Object.fromEntries(Object.entries(members).map(([key, value]) => [names[key] ?? key, value]));
}
