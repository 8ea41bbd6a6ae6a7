import type { JobInput } from '../job-parts';
import type { SweepSettings } from '../sweep/settings';
import type { Json } from '../wire';
import type { CommandComponent, InputPort, OutputPort } from './component';
import type { Reference } from './expressions';

/** Where an input of a node comes from. `fallback` is the component's default, for a reference to an input that nobody gave. */
export type Source =
  | { from: 'value'; value: JobInput }
  /** A text with references inside, which become part of it. */
  | { from: 'text'; text: string }
  | { from: 'reference'; reference: Reference; mode?: string; fallback?: JobInput };

/** Where an output of a node goes: to the pipeline's own output `parent`, to `uri`, or to a place of its own. */
export interface NodeOutput {
  kind: string;
  mode: string;
  uri?: string;
  parent?: string;
  assetName?: string;
  assetVersion?: string;
}

interface NodeBase {
  name: string;
  /** Path of the node in the request, for errors: `properties.jobs.train`. */
  where: string;
  displayName: string;
  componentId: string;
  computeId?: string;
  inputs: Record<string, Source>;
  outputs: Record<string, NodeOutput>;
  /** Names of the nodes that must have ended well before. */
  needs: string[];
}

/** The program of a command or sweep node. */
export interface Program {
  component: CommandComponent;
  environmentVariables: Record<string, string>;
  /** ISO 8601 duration. */
  timeout?: string;
}

export interface CommandNode extends NodeBase, Program {
  type: 'command';
}

export interface SweepNode extends NodeBase, Program {
  type: 'sweep';
  sweep: SweepSettings;
}

/** How a parallel node goes through its files. */
export interface ParallelTask {
  environment: string;
  code?: string;
  entryScript: string;
  programArguments: string;
  /** Name of the input whose files are shared out. */
  input: string;
  /** Name of the output that collects the rows, when there is one. */
  appendTo?: string;
  filesPerBatch: number;
  workers: number;
  retries: number;
  /** Seconds that one mini-batch may take. */
  batchTimeout: number;
  /** How many files, and how many mini-batches, may fail; -1: any number. */
  errorThreshold: number;
  batchErrorThreshold: number;
}

export interface ParallelNode extends NodeBase {
  type: 'parallel';
  task: ParallelTask;
  environmentVariables: Record<string, string>;
}

export interface PipelineNode extends NodeBase {
  type: 'pipeline';
  graph: Graph;
}

export type Node = CommandNode | SweepNode | ParallelNode | PipelineNode;

export interface Settings {
  defaultCompute?: string;
  /** Name of the datastore of outputs that name no place. */
  datastore: string;
  continueOnStepFailure: boolean;
  onInit?: string;
  onFinalize?: string;
}

/** A pipeline that was found good: every reference in it leads somewhere and none in a circle. */
export interface Graph {
  /** The nodes as they were sent. */
  jobs: Json;
  inputs: Record<string, InputPort>;
  outputs: Record<string, OutputPort>;
  nodes: Record<string, Node>;
  settings: Settings;
}
