import { tagged } from '../shape/collections';
import type { Shape } from '../shape/shape';
import { commandComponent } from './command';
import type { ComponentDefinition } from './component';

/** Component types by the word in `type`. Adding one is one more line here. */
const types: Readonly<Record<string, Shape<ComponentDefinition>>> = {
  command: commandComponent,
};

/** A component of any type, from a file of its own or written inside a job; `type` is command where nothing is said. */
export const component: Shape<ComponentDefinition> = tagged('type', types, 'command');
