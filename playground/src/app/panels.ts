import type { ComponentType } from 'preact';
import { QueryPanel } from '../query/QueryPanel';
import type { IconName } from './Icon';

export interface Panel {
  id: string;
  label: string;
  icon: IconName;
  /** The component, or how to fetch it when the panel is first opened. */
  component?: ComponentType;
  load?: () => Promise<ComponentType>;
}

/** The rail, in order. Every panel but the first is a chunk of its own. */
export const panels: Panel[] = [
  { id: 'query', label: 'Query', icon: 'query', component: QueryPanel },
  { id: 'docs', label: 'Docs', icon: 'docs', load: async () => (await import('../docs/DocsPanel')).DocsPanel },
];

export function panelFor(id: string): Panel {
  return panels.find((panel) => panel.id === id) ?? panels[0]!;
}
