import { parse, print, TokenKind, type Token } from 'graphql';

/**
 * Formats a document. The printer knows no comments, so those between definitions are carried over
 * and a definition with comments inside stays as it was typed. Throws when the text does not parse.
 */
export function prettifyQuery(text: string): string {
  const { definitions } = parse(text);
  const comments = commentsOf(definitions[0]!.loc!.startToken);
  const parts: string[] = [];
  let from = 0;
  for (const definition of definitions) {
    const { start, end } = definition.loc!;
    const lead = text.slice(from, start).split('\n').map((line) => line.trim()).filter((line) => line.startsWith('#'));
    const commented = comments.some((at) => start < at && at < end);
    parts.push([...lead, commented ? text.slice(start, end) : print(definition)].join('\n'));
    from = end;
  }
  const rest = text.slice(from).split('\n').map((line) => line.trim()).filter((line) => line.startsWith('#'));
  if (rest.length > 0) parts.push(rest.join('\n'));
  return `${parts.join('\n\n')}\n`;
}

function commentsOf(any: Token): number[] {
  let token: Token | null = any;
  while (token.prev) token = token.prev;
  const found: number[] = [];
  for (; token; token = token.next) if (token.kind === TokenKind.COMMENT) found.push(token.start);
  return found;
}
