export interface ServerEvent {
  event: string;
  data: string;
  id?: string;
}

/** Splits a server-sent event stream, fed in arbitrary pieces, into events. */
export class EventReader {
  private rest = '';

  push(piece: string): ServerEvent[] {
    // A carriage return at the very end may be half of a line break: it waits for the next piece.
    const text = this.rest + piece;
    const usable = text.endsWith('\r') ? text.slice(0, -1) : text;
    const blocks = usable.replace(/\r\n?/g, '\n').split('\n\n');
    this.rest = blocks.pop()! + text.slice(usable.length);
    return blocks.map(readBlock).filter((event): event is ServerEvent => event !== undefined);
  }
}

function readBlock(block: string): ServerEvent | undefined {
  let event = 'message';
  let id: string | undefined;
  const data: string[] = [];
  let seen = false;
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    if (colon === 0 || line === '') continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') [event, seen] = [value, true];
    if (field === 'id') id = value;
    if (field === 'data') {
      data.push(value);
      seen = true;
    }
  }
  return seen ? { event, data: data.join('\n'), ...(id === undefined ? {} : { id }) } : undefined;
}
