import type { Shape } from '../shape/shape';
import type { ComponentDefinition } from './component';

export declare const commandComponent: Shape<ComponentDefinition>;
