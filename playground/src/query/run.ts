import { batch, computed, effect, signal } from '@preact/signals';
import { formatJson, parseObject } from '../lib/json';
import { send, subscribe, type GraphQLRequest } from '../lib/transport';
import { remember } from './history';
import { operationAt, operationsIn } from './operations';
import { prettifyQuery } from './prettify';
import { readResponse, type ResponseView } from './response';
import { activeTab, cursor, edit, history, requestHeaders, tabState, traceOn } from './session';
import { tabLabel } from './tabs';

export interface RunResult {
  /** Counts runs; a new one is a new document. */
  run: number;
  view: ResponseView;
  label: string;
  status?: number;
  ms?: number;
  bytes?: number;
  /** Results received so far, for a subscription. */
  events?: number;
}

export type RunState =
  | { kind: 'idle' }
  | { kind: 'running'; label: string; streaming: boolean }
  | { kind: 'done' }
  | { kind: 'stopped' }
  | { kind: 'failed'; word: string; message: string };

export const runState = signal<RunState>({ kind: 'idle' });
/** The last result of each tab. */
const results = signal<Record<string, RunResult>>({});
export const result = computed(() => results.value[activeTab.value.id]);
export const isRunning = computed(() => runState.value.kind === 'running');

export const operations = computed(() => operationsIn(activeTab.value.query));
export const currentOperation = computed(() => operationAt(operations.value, cursor.value));

/** The result on show is of an earlier run than the one that just failed. */
export const isPrevious = computed(() => runState.value.kind === 'failed' && result.value !== undefined);

const activeId = computed(() => activeTab.value.id);

/* Another tab: what failed in the last one is no news here, and results of tabs that are gone are let go. */
effect(() => {
  void activeId.value;
  const open = new Set(tabState.peek().tabs.map((tab) => tab.id));
  results.value = Object.fromEntries(Object.entries(results.peek()).filter(([id]) => open.has(id)));
  if (runState.peek().kind !== 'running') runState.value = { kind: 'idle' };
});

const keptEvents = 50;
let abort: AbortController | undefined;
let runs = 0;

export function stop(): void {
  abort?.abort();
}

/** Runs the operation at the cursor. */
export async function run(): Promise<void> {
  if (isRunning.peek()) return;
  const tab = activeTab.peek();
  if (tab.query.trim() === '') return fail('Not sent', 'Write a query first, or open an example.');
  const operation = currentOperation.peek();
  const label = operation?.name ?? tabLabel(tab);
  let request: GraphQLRequest;
  let headers: Record<string, string>;
  try {
    request = { query: tab.query, variables: parseObject(tab.variables, 'Variables') };
    if (operation?.name) request.operationName = operation.name;
    headers = { ...(traceOn.peek() ? { 'Thalamus-Trace': '1' } : {}), ...requestHeaders() };
  } catch (error) {
    return fail('Not sent', (error as Error).message);
  }
  abort = new AbortController();
  const turn = ++runs;
  const streaming = operation?.type === 'subscription';
  runState.value = { kind: 'running', label, streaming };
  const keep = (part: Omit<RunResult, 'label' | 'run'>) => {
    results.value = { ...results.peek(), [tab.id]: { run: turn, label, ...part } };
  };
  try {
    const reply = streaming
      ? await follow(request, headers, abort.signal, keep)
      : await send(request, headers, abort.signal);
    batch(() => {
      if (reply) keep({ view: readResponse(reply.text), status: reply.status, ms: reply.ms, bytes: reply.bytes });
      runState.value = { kind: 'done' };
    });
    note(tab.query, tab.variables, label, results.peek()[tab.id]);
  } catch (error) {
    if (abort.signal.aborted) runState.value = { kind: 'stopped' };
    else fail('No answer', `The endpoint did not answer: ${(error as Error).message}`);
  }
}

async function follow(
  request: GraphQLRequest,
  headers: Record<string, string>,
  signal: AbortSignal,
  keep: (part: Omit<RunResult, 'label' | 'run'>) => void,
) {
  const newest: string[] = [];
  let events = 0;
  let bytes = 0;
  const started = performance.now();
  return subscribe(request, headers, signal, (text) => {
    events++;
    bytes += text.length;
    newest.unshift(text);
    newest.length = Math.min(newest.length, keptEvents);
    const view = { ...readResponse(text), text: formatJson(`[${newest.join(',')}]`) };
    keep({ view, events, bytes, ms: performance.now() - started });
  });
}

function note(query: string, variables: string, label: string, last: RunResult | undefined): void {
  if (!last) return;
  const ok = last.view.isGraphQL && last.view.problems.length === 0;
  const calls = last.view.trace?.calls.length;
  history.value = remember(history.peek(), {
    query, variables, label, ok, at: Date.now(), ...(calls === undefined ? {} : { calls }),
  });
}

function fail(word: string, message: string): void {
  runState.value = { kind: 'failed', word, message };
}

/** Formats the query and its variables; text that does not parse stays as it is. */
export function prettify(): void {
  const { query, variables } = activeTab.peek();
  try {
    edit({ query: prettifyQuery(query), variables: formatJson(variables.trim()) });
    if (runState.peek().kind === 'failed') runState.value = { kind: 'idle' };
  } catch (error) {
    fail('Not formatted', (error as Error).message);
  }
}
