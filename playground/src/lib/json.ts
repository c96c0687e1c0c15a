/**
 * Indents JSON text without turning numbers into floats, so 64-bit integers survive.
 * Text that is not JSON comes back unchanged.
 */
export function formatJson(text: string, indent = '  '): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
  let out = '';
  let depth = 0;
  let previous = '';
  const newline = () => `\n${indent.repeat(depth)}`;
  for (const [part] of text.matchAll(token)) {
    if (part === '{' || part === '[') {
      out += (previous === '{' || previous === '[' ? newline() : '') + part;
      depth++;
    } else if (part === '}' || part === ']') {
      depth--;
      out += (previous === '{' || previous === '[' ? '' : newline()) + part;
    } else if (part === ',') {
      out += `,${newline()}`;
    } else if (part === ':') {
      out += ': ';
    } else {
      out += (previous === '{' || previous === '[' ? newline() : '') + (part[0] === '"' ? unescape(part) : part);
    }
    previous = part;
  }
  return out;
}

/** Servers may write < as \u003c; people should read <. */
function unescape(literal: string): string {
  return literal.includes('\\u') ? JSON.stringify(JSON.parse(literal)) : literal;
}

/** An object from JSON text; empty text is an empty object. */
export function parseObject(text: string, what: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${what} are not valid JSON: ${(error as Error).message}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${what} must be a JSON object, like { "name": "value" }`);
  }
  return value as Record<string, unknown>;
}
