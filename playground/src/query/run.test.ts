import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addEvent, joinEvents, keptEvents } from './events';
import { readResponse } from './response';
import { isPrevious, result, run, runState, stop } from './run';
import { activeTab, history, openQuery, removeTab, selectTab, tabState } from './session';

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

beforeEach(() => {
  sources.length = 0;
  vi.stubGlobal('document', { querySelector: () => null });
  vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
    if ((init.headers as Record<string, string>).Accept !== 'text/event-stream') {
      return new Response('{"data":{"a":1}}', { headers: { 'Content-Type': 'application/json' } });
    }
    if (sources.length > 0) {
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
  for (const { id } of tabState.value.tabs) removeTab(id);
  vi.unstubAllGlobals();
});

/** Begins the subscription, and gives its stream. */
async function listening(): Promise<Source> {
  void run();
  await settled();
  return sources[0]!;
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

  it('shows why it was refused', async () => {
    sources.push(new Source());
    await run();
    expect(result.value).toMatchObject({ status: 429, view: { problems: [{ message: 'no more', code: 'TOO_MANY_STREAMS' }] } });
  });
});

describe('joinEvents', () => {
  it('keeps the errors of earlier events in sight, and no more than the newest', () => {
    const texts = ['{"data":null,"errors":[{"message":"first"}]}', '{"data":{"n":9007199254740993}}'];
    const two = texts.map(readResponse).reduce(addEvent, []);
    expect(joinEvents(two).problems).toEqual([{ message: 'first' }]);
    expect(joinEvents(two).text).toContain('"n": 9007199254740993');
    let many: ReturnType<typeof addEvent> = [];
    for (let n = 0; n < 60; n++) many = addEvent(many, readResponse(`{"data":{"n":${n}}}`));
    const shown = JSON.parse(joinEvents(many).text) as { data: { n: number } }[];
    expect([shown.length, shown[0]!.data.n]).toEqual([keptEvents, 59]);
  });
});
