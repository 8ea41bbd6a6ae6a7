import { tagged } from '../shape/collections';
import { lazy, type Shape } from '../shape/shape';
import { pipelineComponent } from '../pipeline/component';
import { commandComponent } from './command';
import type { ComponentDefinition } from './component';
import { dataTransferComponent } from './data-transfer';
import { parallelComponent } from './parallel';
import { sparkComponent } from './spark';

/** Component types by the word in `type`. Adding one is one more line here. */
const types: Readonly<Record<string, Shape<ComponentDefinition>>> = {
  command: commandComponent,
  data_transfer: dataTransferComponent,
  parallel: parallelComponent,
  spark: sparkComponent,
  pipeline: lazy<ComponentDefinition>(() => pipeline),
};

/** A component of any type, from a file of its own or written inside a job; `type` is command where nothing is said. */
export const component: Shape<ComponentDefinition> = tagged('type', types, 'command');

/** A component that is a pipeline: its nodes may be components of any type. */
export const pipeline = pipelineComponent(component);
