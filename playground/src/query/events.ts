import { formatJson } from '../lib/json';
import type { ResponseView } from './response';

/** How many results of a subscription stay on show. */
export const keptEvents = 50;

/** What a subscription has told so far. */
export interface Told {
  newest: ResponseView[];
  events: number;
  bytes: number;
  /** The id of the last event that has one, or ''. */
  last: string;
  /** It could not go on behind the event that was the last, and began anew. */
  anew?: true;
}

export const nothingTold: Told = { newest: [], events: 0, bytes: 0, last: '' };

/** Puts a result before the others, and lets the oldest of too many go. */
export function addEvent(told: Told, view: ResponseView, bytes: number, id = told.last): Told {
  return {
    ...told,
    newest: [view, ...told.newest].slice(0, keptEvents),
    events: told.events + 1,
    bytes: told.bytes + bytes,
    last: id,
  };
}

/** The results of a subscription, newest first, as one: all their texts, all that went wrong, and the trace of the latest. */
export function joinEvents(newest: ResponseView[]): ResponseView {
  return {
    ...newest[0]!,
    text: formatJson(`[${newest.map((view) => view.text).join(',')}]`),
    problems: newest.flatMap((view) => view.problems),
    hasData: newest.some((view) => view.hasData),
  };
}
