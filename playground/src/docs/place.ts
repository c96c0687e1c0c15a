import type { Place } from './search';

/** "Episode.content" and back; it is the docs part of the address. */
export function readPlace(text: string): Place | undefined {
  const match = /^([_A-Za-z]\w*)(?:\.([_A-Za-z]\w*))?$/.exec(text);
  return match ? { type: match[1]!, ...(match[2] ? { member: match[2] } : {}) } : undefined;
}

export function writePlace(place: Place): string {
  return place.member ? `${place.type}.${place.member}` : place.type;
}
