import { isRecord } from '../lib/storage';

export interface Example {
  name: string;
  title: string;
  description: string;
  query: string;
  /** JSON text, ready for the editor. */
  variables: string;
  group: string;
}

/** Reads examples.json; entries without a query are left out. */
export function readExamples(value: unknown): Example[] {
  if (!Array.isArray(value)) return [];
  const text = (part: unknown, otherwise = '') => (typeof part === 'string' && part !== '' ? part : otherwise);
  const examples: Example[] = [];
  for (const item of value) {
    if (!isRecord(item) || typeof item.query !== 'string' || item.query.trim() === '') continue;
    const name = text(item.name, `example-${examples.length + 1}`);
    const hasVariables = isRecord(item.variables) && Object.keys(item.variables).length > 0;
    examples.push({
      name,
      title: text(item.title, name),
      description: text(item.description),
      query: item.query.trim() + '\n',
      variables: hasVariables ? JSON.stringify(item.variables, null, 2) : '',
      group: text(item.group, 'Examples'),
    });
  }
  return examples;
}

/** Groups in the order in which they first appear. */
export function groupExamples(examples: Example[]): [string, Example[]][] {
  const groups = new Map<string, Example[]>();
  for (const example of examples) {
    const group = groups.get(example.group);
    if (group) group.push(example);
    else groups.set(example.group, [example]);
  }
  return [...groups];
}
