import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { serverAnswers } from '../lib/transport';
import { addEvent, joinEvents, keptEvents, nothingTold } from './events';
import { readResponse } from './response';
import { isPrevious, result, run, runState, stop } from './run';
import { noHeaders } from './headers';
import { activeTab, edit, headerSettings, history, openQuery, removeTab, selectTab, tabState } from './session';

/** A stream that the test writes. */
class Source {
  private control!: ReadableStreamDefaultController<Uint8Array>;
  readonly body = new ReadableStream<Uint8Array>({ start: (control) => void (this.control = control) });

  async tell(...lines: string[]) {
    this.control.enqueue(new TextEncoder().encode(lines.join('\n') + '\n\n'));
    await settled();
  }

  async next(response: unknown) {
    await this.tell('event: next', `data: ${JSON.stringify(response)}`);
  }

  async event(id: number) {
    await this.tell(`id: e${id}`, 'event: next', `data: ${JSON.stringify({ data: { n: id } })}`);
  }

  /** Says what the gateway says of a place that it does not know. */
  async refuse() {
    const extensions = { code: 'BAD_USER_INPUT', argument: ['Last-Event-ID'] };
    await this.next({ errors: [{ message: 'not a cursor', extensions }] });
    await this.tell('event: complete', 'data:');
  }

  async cut() {
    this.control.error(new TypeError('network error'));
    await settled();
  }

  fail(reason: unknown) {
    this.control.error(reason);
  }
}

const settled = () => new Promise((done) => setTimeout(done, 5));
const subscription = 'subscription Live { memoryEvents { cursor } }';
const sources: Source[] = [];
/** Where each stream was asked to go on. */
let places: (string | null)[] = [];
/** How many streams may be open. */
let most = 1;

beforeEach(() => {
  sources.length = 0;
  places = [];
  most = 1;
  vi.stubGlobal('document', { querySelector: () => null });
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    if ((init.headers as Record<string, string>).Accept !== 'text/event-stream') {
      return new Response('{"data":{"a":1}}', { headers: { 'Content-Type': 'application/json' } });
    }
    places.push(new Headers(init.headers).get('Last-Event-ID'));
    if (sources.length >= most) {
      return new Response('{"errors":[{"message":"no more","extensions":{"code":"TOO_MANY_STREAMS"}}]}', { status: 429 });
    }
    const source = new Source();
    sources.push(source);
    init.signal?.addEventListener('abort', () => source.fail(init.signal!.reason));
    return new Response(source.body, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } });
  });
  openQuery(subscription, '', 'Live');
});

afterEach(() => {
  headerSettings.value = noHeaders;
  for (const { id } of tabState.value.tabs) removeTab(id);
  vi.unstubAllGlobals();
});

/** Begins the subscription, and gives its stream. */
async function listening(): Promise<Source> {
  void run();
  await settled();
  return sources.at(-1)!;
}

/** A subscription that was cut off after its second event. */
async function cutOff(): Promise<void> {
  most = 9;
  const source = await listening();
  await source.event(1);
  await source.event(2);
  await source.cut();
}

/** The numbers of the events on show. */
function numbers(): number[] {
  return (JSON.parse(result.value!.view.text) as { data: { n: number } }[]).map(({ data }) => data.n);
}

describe('a subscription', () => {
  it('shows every event as it arrives, until it is stopped', async () => {
    const source = await listening();
    expect(runState.value).toMatchObject({ kind: 'running', streaming: true });
    await source.next({ data: { n: 1 } });
    expect(result.value).toMatchObject({ events: 1, view: { hasData: true } });
    await source.next({ data: { n: 2 } });
    expect(JSON.parse(result.value!.view.text)).toEqual([{ data: { n: 2 } }, { data: { n: 1 } }]);
    stop();
    await settled();
    expect(runState.value.kind).toBe('stopped');
    expect(result.value?.events).toBe(2);
    expect(history.value[0]).toMatchObject({ label: 'Live', ok: true });
  });

  it('goes on while another tab asks something', async () => {
    const source = await listening();
    const live = activeTab.value.id;
    openQuery('{ a }', '', 'A');
    expect(runState.value.kind).toBe('idle');
    await run();
    expect([runState.value.kind, result.value?.view.text]).toEqual(['done', '{\n  "data": {\n    "a": 1\n  }\n}']);
    await source.next({ data: { n: 1 } });
    selectTab(live);
    expect([runState.value.kind, result.value?.events]).toEqual(['running', 1]);
  });

  it('ends with its tab', async () => {
    const source = await listening();
    removeTab(activeTab.value.id);
    await settled();
    await expect(source.next({})).rejects.toThrow();
  });

  it('is done when the server says so', async () => {
    const source = await listening();
    await source.next({ data: { n: 1 } });
    await source.tell('event: complete', 'data:');
    expect([runState.value.kind, result.value?.events]).toEqual(['done', 1]);
  });

  it('says when it was cut off, and keeps what it was told', async () => {
    const source = await listening();
    await source.next({ data: { n: 1 } });
    await source.cut();
    expect(runState.value).toMatchObject({ kind: 'failed', word: 'Cut off' });
    expect([result.value?.events, isPrevious.value]).toEqual([1, false]);
  });

  it('finds out after a cut whether there is a server', async () => {
    most = 2;
    await (await listening()).cut();
    expect(serverAnswers.value).toBe(true);
    const source = await listening();
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('refused')));
    await source.cut();
    expect(serverAnswers.value).toBe(false);
  });

  it('shows why it was refused', async () => {
    sources.push(new Source());
    await run();
    expect(result.value).toMatchObject({ status: 429, view: { problems: [{ message: 'no more', code: 'TOO_MANY_STREAMS' }] } });
  });
});

describe('after a cut', () => {
  it('goes on behind the last event, above those before', async () => {
    await cutOff();
    const source = await listening();
    expect([runState.value.kind, isPrevious.value, numbers()]).toEqual(['running', false, [2, 1]]);
    await source.event(3);
    expect([places, numbers(), result.value?.events]).toEqual([[null, 'e2'], [3, 2, 1], 3]);
    await source.cut();
    await listening();
    expect(places.at(-1)).toBe('e3');
  });

  it('has one place only, that of the last event', async () => {
    headerSettings.value = { ...headerSettings.value, extra: '{"last-event-id": "mine"}' };
    await cutOff();
    await listening();
    expect(places).toEqual(['mine', 'e2']);
  });

  it('keeps the place while the gateway does not take it', async () => {
    await cutOff();
    const answer = globalThis.fetch;
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('refused')));
    await run();
    expect([runState.value, isPrevious.value, numbers()]).toMatchObject([{ word: 'No answer' }, false, [2, 1]]);
    vi.stubGlobal('fetch', answer);
    most = 0;
    await run();
    expect(result.value?.status).toBe(429);
    most = 9;
    const failing = await listening();
    await failing.next({ errors: [{ message: 'the records do not answer' }] });
    await failing.tell('event: complete', 'data:');
    await (await listening()).event(3);
    expect([places, result.value?.events]).toEqual([[null, 'e2', 'e2', 'e2'], 4]);
  });

  it('begins anew, and says so, where the gateway does not know the place', async () => {
    await cutOff();
    await (await listening()).refuse();
    await sources.at(-1)!.event(7);
    expect([places, numbers(), result.value]).toMatchObject([[null, 'e2', null], [7], { events: 1, anew: true }]);
    expect(runState.value.kind).toBe('running');
  });

  it('begins anew when something else is asked, when it was stopped, and when it was complete', async () => {
    await cutOff();
    edit({ variables: '{"x": 1}' });
    await (await listening()).event(3);
    expect([places.at(-1), numbers()]).toEqual([null, [3]]);
    stop();
    await settled();
    const source = await listening();
    await source.event(4);
    await source.tell('event: complete', 'data:');
    await listening();
    expect(places.slice(-2)).toEqual([null, null]);
  });
});

describe('joinEvents', () => {
  it('keeps the errors of earlier events in sight, and no more than the newest', () => {
    const texts = ['{"data":null,"errors":[{"message":"first"}]}', '{"data":{"n":9007199254740993}}'];
    const told = (texts: string[]) => texts.reduce((before, text) => addEvent(before, readResponse(text), 1), nothingTold).newest;
    const two = joinEvents(told(texts));
    expect(two.problems).toEqual([{ message: 'first' }]);
    expect(two.text).toContain('"n": 9007199254740993');
    const many = joinEvents(told(Array.from({ length: 60 }, (_, n) => `{"data":{"n":${n}}}`)));
    const shown = JSON.parse(many.text) as { data: { n: number } }[];
    expect([shown.length, shown[0]!.data.n]).toEqual([keptEvents, 59]);
  });
});
