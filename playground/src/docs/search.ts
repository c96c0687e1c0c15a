import { isEnumType, isInputObjectType, isInterfaceType, isObjectType, type GraphQLSchema } from 'graphql';

/** A place in the schema: a type, or a member of one (a field, an input field or an enum value). */
export interface Place {
  type: string;
  member?: string;
}

export interface Entry extends Place {
  description: string;
  deprecated: boolean;
}

/** Everything that can be found by name or description. Introspection types are left out. */
export function indexSchema(schema: GraphQLSchema): Entry[] {
  const entries: Entry[] = [];
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    entries.push({ type: type.name, description: type.description ?? '', deprecated: false });
    const members =
      isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)
        ? Object.values<{ name: string; description?: string | null; deprecationReason?: string | null }>(type.getFields())
        : isEnumType(type)
          ? type.getValues()
          : [];
    for (const member of members) {
      entries.push({
        type: type.name,
        member: member.name,
        description: member.description ?? '',
        deprecated: member.deprecationReason != null,
      });
    }
  }
  return entries;
}

/** Best matches first. Every word of the question must be found in the name, its type or the description. */
export function search(entries: Entry[], question: string, most = 60): Entry[] {
  const words = question.toLowerCase().split(/[\s.]+/).filter(Boolean);
  if (words.length === 0) return [];
  return entries
    .map((entry, index) => ({ entry, index, score: scoreOf(entry, words) }))
    .filter((found) => found.score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, most)
    .map((found) => found.entry);
}

function scoreOf(entry: Entry, words: string[]): number {
  let score = 0;
  for (const word of words) {
    const best = Math.max(
      nameScore(entry.member ?? entry.type, word),
      entry.member ? nameScore(entry.type, word) * 0.3 : 0,
      entry.description.toLowerCase().includes(word) ? 5 : 0,
    );
    if (best === 0) return 0;
    score += best;
  }
  return (entry.member ? score : score * 1.2) * (entry.deprecated ? 0.5 : 1);
}

function nameScore(name: string, word: string): number {
  const lower = name.toLowerCase();
  if (lower === word) return 100;
  if (lower.startsWith(word)) return 60;
  const at = lower.indexOf(word);
  if (at < 0) return 0;
  const startsPart = /[A-Z]/.test(name[at]!) || name[at - 1] === '_';
  return startsPart ? 40 : 20;
}
