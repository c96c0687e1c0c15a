import { roles, type Role } from '../trace/trace';

const names = roles.map((role) => role.toLowerCase()).join('|');
const hints = [/@from\(role:\s*"?(\w+)"?\)/i, new RegExp(`\\banswered by the (${names})(?: store)?\\b`, 'i')];

/** The store role a description names, as in "Answered by the vectors store." or "@from(role: VECTORS)". */
export function roleHint(description: string | null | undefined): Role | undefined {
  if (!description) return undefined;
  for (const hint of hints) {
    const found = hint.exec(description)?.[1]?.toUpperCase();
    const role = roles.find((name) => name === found);
    if (role) return role;
  }
  return undefined;
}
