import { signal } from '@preact/signals';
import { EventReader } from './sse';

export interface GraphQLRequest {
  query: string;
  variables?: Record<string, unknown>;
  operationName?: string;
}

export interface Reply {
  status: number;
  text: string;
  bytes: number;
  ms: number;
}

const responseTypes = 'application/graphql-response+json, application/json;q=0.9';

/** False once a request got no answer at all, until one is answered again. */
export const serverAnswers = signal(true);

/** Where the gateway answers: the page says it, and the development server has the default. */
export function endpoint(): string {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="thalamus-endpoint"]')?.content;
  return !meta || meta.startsWith('__') ? '/graphql' : meta;
}

async function post(request: GraphQLRequest, headers: Record<string, string>, accept: string, signal?: AbortSignal) {
  try {
    const response = await fetch(endpoint(), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: accept, ...headers },
      body: JSON.stringify(request),
      ...(signal ? { signal } : {}),
    });
    serverAnswers.value = true;
    return response;
  } catch (error) {
    if (!signal?.aborted) serverAnswers.value = false;
    throw error;
  }
}

/** One request, one JSON reply. */
export async function send(
  request: GraphQLRequest,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<Reply> {
  const started = performance.now();
  const response = await post(request, headers, responseTypes, signal);
  return readReply(response, started);
}

/** Asks for next to nothing, so that serverAnswers is true of now. */
export async function probe(headers: Record<string, string>): Promise<void> {
  await send({ query: '{ __typename }' }, headers).catch(() => undefined);
}

/** A stream that ended before it was complete. */
export class CutOff extends Error {}

/**
 * A subscription over server-sent events. `next` gets each result as JSON text, and its id if it has one.
 * When the server answers with a plain reply instead of a stream, that reply is returned. Throws
 * CutOff when the stream ends, and the server has not said that it is complete.
 */
export async function subscribe(
  request: GraphQLRequest,
  headers: Record<string, string>,
  signal: AbortSignal,
  next: (text: string, id?: string) => void,
): Promise<Reply | undefined> {
  const started = performance.now();
  const response = await post(request, headers, 'text/event-stream', signal);
  if (!response.headers.get('Content-Type')?.startsWith('text/event-stream') || !response.body) {
    return readReply(response, started);
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const events = new EventReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true, value: undefined }));
    signal.throwIfAborted();
    if (done || value === undefined) throw new CutOff('The stream was cut off.');
    for (const { event, data, id } of events.push(value)) {
      if (event === 'complete') {
        await reader.cancel();
        return undefined;
      }
      if (event === 'next' && data) next(data, id);
    }
  }
}

async function readReply(response: Response, started: number): Promise<Reply> {
  const body = await response.arrayBuffer();
  return {
    status: response.status,
    text: new TextDecoder().decode(body),
    bytes: body.byteLength,
    ms: performance.now() - started,
  };
}
