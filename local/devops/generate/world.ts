import { approvalCheckType } from '../check-kinds';
import type { Collection } from '../collection';
import type { Definition, Environment, Identity, Team } from '../model';
import { bits, environmentToken, folderToken, setEntry } from '../permissions';

/** Who trains what where: the fixed part of a generated history. */
export interface Group {
  name: string;
  /** Folder of its pipelines. */
  folder: string;
  team: Team;
  scientist: Identity;
  approver: Identity;
  /** Decides where the approver may not, and may bypass. */
  deputy: Identity;
}

export interface Metric {
  name: string;
  orientation: 'higher' | 'lower';
  /** Of the first model. */
  start: number;
  /** What a better model gains at most, as a share of what is still to be gained. */
  gain: number;
}

export interface Model {
  name: string;
  description: string;
  kind: 'classification' | 'regression';
  metric: Metric;
  group: Group;
  workspace: string;
  train: Definition;
  deploy: Definition;
  checks: Definition;
  staging: Environment;
  production: Environment;
}

const auc: Metric = { name: 'auc', orientation: 'higher', start: 0.78, gain: 0.06 };
const f1: Metric = { name: 'f1', orientation: 'higher', start: 0.66, gain: 0.06 };
const mse: Metric = { name: 'mse', orientation: 'lower', start: 2900, gain: 0.03 };
const mae: Metric = { name: 'mae', orientation: 'lower', start: 14.2, gain: 0.03 };

const catalogue: [name: string, description: string, kind: Model['kind'], metric: Metric][] = [
  ['churn', 'Customers who will leave within three months', 'classification', auc],
  ['demand-forecast', 'Units sold by shop and day', 'regression', mae],
  ['credit-risk', 'Default within a year', 'classification', auc],
  ['fraud-detection', 'Card payments that are not the owner’s', 'classification', f1],
  ['diabetes', 'Progression of diabetes one year after baseline', 'regression', mse],
  ['price-elasticity', 'Change of demand by change of price', 'regression', mse],
  ['ticket-routing', 'Team that will solve a support ticket', 'classification', f1],
  ['energy-load', 'Load of the grid by quarter of an hour', 'regression', mae],
  ['lead-scoring', 'Leads that will become customers', 'classification', auc],
  ['readmission', 'Patients who come back within 30 days', 'classification', auc],
  ['delivery-time', 'Minutes to the door', 'regression', mae],
  ['defect-detection', 'Parts that will fail inspection', 'classification', f1],
];

/** Puts something else in the place of a name or a text, of at most so many characters. */
export type Text = (plain: string, longest?: number) => string;

export interface WorldRequest {
  models: number;
  /** As many as there are, when absent. */
  teams: number | undefined;
  /** Whether a team sees nothing of the other: folder and environments denied to it. */
  isolated: boolean;
  text: Text;
}

export function makeWorld(collection: Collection, request: WorldRequest): Model[] {
  const groups = groupsOf(collection, request.teams);
  const made = Array.from({ length: request.models }, (_, index) => {
    // The models of the first project are others than those of the projects after it.
    const place = collection.isFirst ? index : index + catalogue.length - 1;
    const [plain, description, kind, metric] = catalogue[place % catalogue.length] ?? neverEmpty();
    const round = Math.floor(place / catalogue.length);
    const name = round === 0 ? plain : `${plain}-${round + 1}`;
    const group = groups[index % groups.length] ?? neverEmpty();
    return makeModel(collection, { name, description, kind, metric, group }, request);
  });
  if (request.isolated) isolate(collection, groups, made);
  collection.save();
  return made;
}

function groupsOf(collection: Collection, wanted: number | undefined): Group[] {
  const { state } = collection;
  const known: [team: string, scientist: string, approver: string][] = [
    ['Team A', 'ana', 'ben'],
    ['Team B', 'dora', 'emil'],
  ];
  const count = wanted ?? known.filter(([name]) => state.teams.some((one) => one.name === name)).length;
  if (count < 1 || count > known.length) throw new Error(`There are one or two teams, not ${count}.`);
  return known.slice(0, count).map(([name, scientist, approver]) => {
    const team = state.teams.find((one) => one.name === name);
    const [trains, decides] = [collection.findIdentity(scientist), collection.findIdentity(approver)];
    const deputy = collection.findIdentity('cleo');
    if (!team || !trains || !decides || !deputy) {
      throw new Error(`The state has no ${name} with ${scientist} and ${approver}, or no administrator.`);
    }
    const folder = `\\mlops\\${name.toLowerCase().replaceAll(' ', '-')}`;
    return { name, folder, team, scientist: trains, approver: decides, deputy };
  });
}

function makeModel(
  collection: Collection,
  plain: Pick<Model, 'name' | 'description' | 'kind' | 'metric' | 'group'>,
  { text }: WorldRequest,
): Model {
  const { name, group } = plain;
  const repository = {
    name,
    url: `https://dev.azure.com/local/${collection.state.projectName}/_git/${name}`,
    branch: 'refs/heads/main',
  };
  const pipeline = (what: string): Definition =>
    collection.addDefinition(`${name}-${what}`, `${what}.yml`, repository, group.scientist.id, group.folder);
  const environment = (what: string): Environment =>
    collection.addEnvironment(`${name}-${what}`, text(plain.description), group.approver.id);
  const model: Model = {
    ...plain,
    name: text(name),
    description: text(plain.description),
    workspace: `mlops-${group.name.slice(-1).toLowerCase()}`,
    train: pipeline('train'),
    deploy: pipeline('deploy'),
    checks: pipeline('checks'),
    staging: environment('staging'),
    production: environment('production'),
  };
  guard(collection, model, text('Read the evaluation before you decide.'));
  return model;
}

/** Production needs the team's approver, who must not be the one who asked for the run. */
function guard(collection: Collection, { production, group }: Model, instructions: string): void {
  const { id, createdOn } = production;
  const by = group.approver.id;
  collection.state.checks.push({
    id: collection.nextId('check'),
    version: 1,
    type: approvalCheckType,
    resource: { type: 'environment', id: String(id), name: production.name },
    settings: {
      approvers: [group.approver, group.deputy].map((one) => ({ id: one.id, displayName: one.displayName })),
      executionOrder: 'anyOrder',
      minRequiredApprovers: 1,
      instructions,
      blockedApprovers: [],
      requesterCannotBeApprover: true,
      definitionRef: { id: '26014962-64a0-49f4-885b-4b874119a5cc' },
    },
    timeout: 43_200,
    isDisabled: false,
    createdBy: by,
    createdOn,
    modifiedBy: by,
    modifiedOn: createdOn,
  });
}

/** Takes the pipelines' folder and the environments of a team away from the other teams. */
function isolate(collection: Collection, groups: Group[], models: Model[]): void {
  for (const group of groups) {
    for (const { team } of groups.filter((one) => one !== group)) {
      const pipelines = { allow: 0, deny: bits.build.view | bits.build.viewDefinition };
      setEntry(collection, 'build', folderToken(collection, group.folder), team.id, pipelines);
      for (const model of models.filter((one) => one.group === group)) {
        for (const { id } of [model.staging, model.production]) {
          const denied = { allow: 0, deny: bits.environment.view };
          setEntry(collection, 'environment', environmentToken(collection, id), team.id, denied);
        }
      }
    }
  }
}

function neverEmpty(): never {
  throw new Error('The catalogue of models is empty.');
}
