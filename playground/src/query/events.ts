import { formatJson } from '../lib/json';
import type { ResponseView } from './response';

/** How many results of a subscription stay on show. */
export const keptEvents = 50;

/** Puts a result before the others, and lets the oldest of too many go. */
export function addEvent(newest: ResponseView[], view: ResponseView): ResponseView[] {
  return [view, ...newest].slice(0, keptEvents);
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
