import { signal } from '@preact/signals';
import type { GraphQLSchema } from 'graphql';
import { loadSchema } from './load';

export type SchemaState =
  | { kind: 'loading'; schema?: GraphQLSchema }
  | { kind: 'ready'; schema: GraphQLSchema }
  | { kind: 'failed'; message: string; schema?: GraphQLSchema };

export const schemaState = signal<SchemaState>({ kind: 'loading' });

let latest = 0;

/** Reads the schema again. The old one stays usable until the new one is there. */
export async function reloadSchema(headers: () => Record<string, string>): Promise<void> {
  const turn = ++latest;
  const { schema } = schemaState.peek();
  const set = (state: SchemaState) => {
    if (turn === latest) schemaState.value = state;
  };
  set({ kind: 'loading', ...(schema ? { schema } : {}) });
  try {
    set({ kind: 'ready', schema: await loadSchema(headers()) });
  } catch (error) {
    set({ kind: 'failed', message: (error as Error).message, ...(schema ? { schema } : {}) });
  }
}
