import { isRecord } from '../lib/storage';

export const roles = ['GRAPH', 'VECTORS', 'RECORDS', 'CACHE', 'ARCHIVE', 'EMBEDDER'] as const;
export type Role = (typeof roles)[number] | 'OTHER';

export interface BackendCall {
  role: Role;
  backend: string;
  operation: string;
  keys: number;
  rows: number;
  startUs: number;
  durationUs: number;
  retries: number;
  paths: string[];
  error: string | null;
}

export interface Trace {
  calls: BackendCall[];
  durationUs: number;
}

/** Reads extensions.trace of version 1; undefined when it is absent or of another version. */
export function readTrace(extensions: unknown): Trace | undefined {
  const trace = isRecord(extensions) ? extensions.trace : undefined;
  if (!isRecord(trace) || trace.version !== 1 || !Array.isArray(trace.calls)) return undefined;
  const calls = trace.calls.filter(isRecord).map(readCall);
  calls.sort((a, b) => a.startUs - b.startUs || a.durationUs - b.durationUs);
  const end = Math.max(0, ...calls.map((call) => call.startUs + call.durationUs));
  return { calls, durationUs: Math.max(count(trace.durationUs), end) };
}

function readCall(call: Record<string, unknown>): BackendCall {
  return {
    role: readRole(call.role),
    backend: typeof call.backend === 'string' ? call.backend : 'unknown',
    operation: typeof call.operation === 'string' ? call.operation : 'call',
    keys: count(call.keys),
    rows: count(call.rows),
    startUs: count(call.startUs),
    durationUs: count(call.durationUs),
    retries: count(call.retries),
    paths: Array.isArray(call.paths) ? call.paths.map(String) : [],
    error: readError(call.error),
  };
}

export function readRole(value: unknown): Role {
  const name = String(value).toUpperCase();
  return roles.find((role) => role === name) ?? 'OTHER';
}

function readError(value: unknown): string | null {
  if (value == null || value === '') return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

export interface TraceTotals {
  calls: number;
  keys: number;
  rows: number;
  retries: number;
  failed: number;
  byRole: { role: Role; calls: number }[];
}

export function totals(trace: Trace): TraceTotals {
  const sum = (pick: (call: BackendCall) => number) => trace.calls.reduce((total, call) => total + pick(call), 0);
  const byRole = [...roles, 'OTHER' as const]
    .map((role) => ({ role, calls: trace.calls.filter((call) => call.role === role).length }))
    .filter((entry) => entry.calls > 0);
  return {
    calls: trace.calls.length,
    keys: sum((call) => call.keys),
    rows: sum((call) => call.rows),
    retries: sum((call) => call.retries),
    failed: trace.calls.filter((call) => call.error !== null).length,
    byRole,
  };
}
