import type { Api, Configuration, Contribution, Person, Project } from './api';
import type { Settings } from './settings';

/** What every part of the page works with. */
export interface Host {
  api: Api;
  configuration: Configuration;
  settings: Settings;
  person: Person;
  project: Project;
  /** Opens a page of the extension in a dialog or a panel; `onClose` hears what it was closed with. */
  openLayer(contribution: Contribution, layer: Layer): void;
}

export interface Layer {
  kind: 'dialog' | 'panel';
  title: string;
  description?: string;
  /** 0 small, 1 medium, 2 large. */
  size?: number;
  lightDismiss?: boolean;
  configuration: Record<string, unknown>;
  onClose?: (result?: unknown) => void;
}
