import { signal, type Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { browserStore, isRecord, readJson, writeJson } from '../lib/storage';

interface SplitProps {
  id: string;
  label: string;
  direction: 'side' | 'stack';
  /** Percent of the first pane, before anyone moves the divider. */
  initial: number;
  min?: number;
  max?: number;
  children: [ComponentChildren, ComponentChildren];
}

const key = 'thalamus.splits';
const stored = readJson(browserStore('localStorage'), key);
const sizes: Signal<Record<string, number>> = signal(isRecord(stored) ? (stored as Record<string, number>) : {});

/** Two panes and a divider that moves by pointer and by arrow keys; a double click puts it back. */
export function Split({ id, label, direction, initial, min = 15, max = 85, children }: SplitProps) {
  const frame = useRef<HTMLDivElement>(null);
  const name = `${id}.${direction}`;
  const clamp = (value: number) => Math.min(max, Math.max(min, value));
  const chosen = sizes.value[name];
  const size = clamp(typeof chosen === 'number' && Number.isFinite(chosen) ? chosen : initial);
  const set = (value: number | undefined) => {
    const { [name]: _, ...others } = sizes.value;
    sizes.value = value === undefined ? others : { ...others, [name]: Math.round(clamp(value) * 10) / 10 };
    writeJson(browserStore('localStorage'), key, sizes.value);
  };

  const side = direction === 'side';
  const onPointerDown = (event: PointerEvent) => {
    const divider = event.currentTarget as HTMLElement;
    divider.setPointerCapture(event.pointerId);
    divider.classList.add('dragging');
    const box = frame.current!.getBoundingClientRect();
    const move = (at: PointerEvent) =>
      set(side ? ((at.clientX - box.left) / box.width) * 100 : ((at.clientY - box.top) / box.height) * 100);
    const done = () => {
      divider.classList.remove('dragging');
      divider.removeEventListener('pointermove', move);
    };
    divider.addEventListener('pointermove', move);
    divider.addEventListener('pointerup', done, { once: true });
    divider.addEventListener('pointercancel', done, { once: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 10 : 2;
    const to = {
      [side ? 'ArrowLeft' : 'ArrowUp']: size - step,
      [side ? 'ArrowRight' : 'ArrowDown']: size + step,
      Home: min,
      End: max,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    set(to);
  };

  const tracks = `minmax(0, ${size}fr) 1px minmax(0, ${100 - size}fr)`;
  return (
    <div class={`split ${direction}`} ref={frame} style={side ? { gridTemplateColumns: tracks } : { gridTemplateRows: tracks }}>
      <div class="pane" id={`${id}-first`}>{children[0]}</div>
      <div
        class="divider"
        role="separator"
        tabIndex={0}
        aria-label={label}
        aria-controls={`${id}-first`}
        aria-orientation={side ? 'vertical' : 'horizontal'}
        aria-valuenow={Math.round(size)}
        aria-valuemin={min}
        aria-valuemax={max}
        onPointerDown={onPointerDown}
        onKeyDown={onKeyDown}
        onDblClick={() => set(undefined)}
      />
      <div class="pane">{children[1]}</div>
    </div>
  );
}
