import { useState } from 'preact/hooks';
import { Icon } from '../app/Icon';
import { formatBytes, formatMillis, plural } from '../lib/format';
import { isPrevious, result, runState, type RunResult, type RunState } from './run';

/** One line about the last response, read out when it changes. */
export function ResultStatus() {
  const current = result.value;
  const state = runState.value;
  const { word, tone } = verdict(state, current);
  const facts = isPrevious.value ? undefined : current;
  return (
    <div class="result-status">
      <p id="run-status" role="status" aria-live="polite">
        <span class={`pill ${tone}`}>{word}</span>
        {state.kind === 'failed' && <span class="sr-only">{state.message}</span>}
        {facts?.status !== undefined && <span class="fact">{facts.status}</span>}
        {facts?.events !== undefined && <span class="fact">{plural(facts.events, 'event')}</span>}
        {facts?.ms !== undefined && <span class="fact">{formatMillis(facts.ms)}</span>}
        {facts?.bytes !== undefined && <span class="fact">{formatBytes(facts.bytes)}</span>}
      </p>
      {current && <CopyButton text={current.view.text} />}
    </div>
  );
}

function verdict(state: RunState, current: RunResult | undefined): { word: string; tone: string } {
  if (state.kind === 'running') return { word: state.streaming ? 'Listening' : 'Running', tone: 'busy' };
  if (state.kind === 'failed') return { word: state.word, tone: 'bad' };
  if (state.kind === 'stopped') return { word: 'Stopped', tone: 'plain' };
  if (!current) return { word: 'Ready', tone: 'plain' };
  const { view } = current;
  if (!view.isGraphQL) return { word: 'Not a GraphQL response', tone: 'bad' };
  if (view.problems.length > 0) return { word: view.hasData ? 'Partial answer' : 'Failed', tone: view.hasData ? 'warn' : 'bad' };
  return view.degraded.length > 0 ? { word: 'Degraded answer', tone: 'warn' } : { word: 'Answered', tone: 'good' };
}

function CopyButton({ text }: { text: string }) {
  const [said, setSaid] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      setSaid('Copying is blocked');
    }
    setTimeout(() => setSaid(''), 1600);
  };
  return (
    <button class="button quiet small" id="copy-result" type="button" onClick={() => void copy()}>
      <Icon name={said === 'Copied' ? 'check' : 'copy'} />
      <span aria-live="polite">{said || 'Copy'}</span>
    </button>
  );
}
