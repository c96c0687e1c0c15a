import { subscribe, type GraphQLRequest, type Reply } from '../lib/transport';
import { addEvent, nothingTold, type Told } from './events';
import { withHeader } from './headers';
import { readResponse, type ResponseView } from './response';

const lastEventID = 'Last-Event-ID';

/** The streams of tabs that ended and were not complete: what was asked, and what had been told. */
const cuts = new Map<string, { asked: string; told: Told }>();

/**
 * Follows a subscription and shows what it has told, after each event. When the last stream of the tab was cut off and asked
 * the same, it goes on behind the last event of that; where the gateway does not know this event, it begins anew.
 * Returns and throws as `subscribe` does.
 */
export async function follow(
  tab: string,
  request: GraphQLRequest,
  headers: Record<string, string>,
  signal: AbortSignal,
  show: (told: Told) => void,
): Promise<Reply | undefined> {
  const asked = JSON.stringify(request);
  const cut = cuts.get(tab);
  let told = cut?.asked === asked ? cut.told : nothingTold;
  if (told.events > 0) show(told);
  const listen = async (): Promise<Reply | undefined> => {
    const { last } = told;
    let refused = false;
    const reply = await subscribe(request, last ? withHeader(headers, lastEventID, last) : headers, signal, (text, id) => {
      const view = readResponse(text);
      refused ||= last !== '' && isUnknown(view);
      told = refused ? { ...nothingTold, anew: true } : addEvent(told, view, text.length, id);
      if (!refused) show(told);
    });
    return refused ? listen() : reply;
  };
  let complete = false;
  try {
    const reply = await listen();
    complete = !reply && told.newest[0]?.hasData === true;
    return reply;
  } finally {
    if (complete || signal.aborted) cuts.delete(tab);
    else if (told.last) cuts.set(tab, { asked, told });
  }
}

/** Forgets where the stream of a tab was cut off. */
export function forget(tab: string): void {
  cuts.delete(tab);
}

function isUnknown(view: ResponseView): boolean {
  return view.problems.some((problem) => problem.code === 'BAD_USER_INPUT' && problem.argument === lastEventID);
}
